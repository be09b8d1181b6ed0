using System.Net;
using System.Text;

namespace KubeProxySharp.FakeApi.Tests;

/// <summary>Sends requests as they were recorded, with a minimal client.</summary>
internal static class Exchange
{
    /// <summary>The agent for which the server prints JSON with line breaks.</summary>
    public const string Curl = "curl/7.88.1";

    public static CancellationToken Patience => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    public static HttpClient NewClient() => new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };

    public static HttpRequestMessage Get(Uri server, string pathAndQuery, string accept, params (string Name, string Value)[] headers)
    {
        HttpRequestMessage request = new(HttpMethod.Get, new Uri(server, pathAndQuery)) { Version = HttpVersion.Version11 };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>Reads on until the text has come.</summary>
    public static async Task<string> ReadUntilAsync(Stream stream, string text)
    {
        StringBuilder seen = new();
        byte[] buffer = new byte[64 * 1024];
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            int count = await stream.ReadAsync(buffer, Patience);
            count.Should().BePositive("\"{0}\" was to come after {1}", text, seen.Length > 500 ? "..." : seen.ToString());
            seen.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        return seen.ToString();
    }

    /// <summary>Opens a watch and returns its stream when the headers are there.</summary>
    public static async Task<Stream> WatchAsync(HttpClient client, Uri server, string pathAndQuery, string accept = Recorded.Json)
    {
        using HttpRequestMessage request = Get(server, pathAndQuery, accept);
        HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Patience);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        return await response.Content.ReadAsStreamAsync(Patience);
    }

    /// <summary>Reads to the end; an abrupt end throws.</summary>
    public static async Task<byte[]> ReadAllAsync(Stream stream)
    {
        using MemoryStream all = new();
        await stream.CopyToAsync(all, Patience);
        return all.ToArray();
    }
}
