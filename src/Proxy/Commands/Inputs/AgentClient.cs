using System.Net;
using KubeProxySharp.Proxy.Observability.Serving;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Reads pages of an agent at its metrics address.</summary>
internal sealed class AgentClient : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    private readonly SocketsHttpHandler _handler = new() { UseProxy = false, AllowAutoRedirect = false };
    private readonly HttpClient _client;

    /// <summary>Makes a client; nothing is sent yet.</summary>
    /// <param name="address">The metrics address, as <c>metricsBindAddress</c> has it.</param>
    /// <param name="mostBytes">The longest answer.</param>
    /// <exception cref="FormatException">It is no address and port.</exception>
    public AgentClient(string address, int mostBytes)
    {
        EndPoint = Reachable(address);
        _client = new(_handler) { Timeout = s_limit, MaxResponseContentBufferSize = mostBytes };
    }

    /// <summary>Where the agent is asked.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Where an agent can be asked that listens on an address: one that listens on all is asked at that of loopback.</summary>
    /// <param name="address">The metrics address, as <c>metricsBindAddress</c> has it.</param>
    /// <exception cref="FormatException">It is no address and port.</exception>
    public static IPEndPoint Reachable(string address)
    {
        ListenPoint point = ListenPoint.FromBindAddress(address);
        return point.Address.Equals(IPAddress.IPv6Any) || point.Address.Equals(IPAddress.Any) ? new(IPAddress.Loopback, point.Port) : new(point.Address, point.Port);
    }

    /// <summary>Whether a text is an address and a port that an agent can be asked at.</summary>
    public static bool IsAddress(string text)
    {
        try
        {
            return ListenPoint.FromBindAddress(text).Port != 0;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Reads a page.</summary>
    /// <param name="path">Its path, with the slash.</param>
    /// <param name="accept">The header Accept; null for none.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>The page, or why there is none.</returns>
    public async Task<(byte[]? Body, string Problem)> GetAsync(string path, string? accept, CancellationToken stop)
    {
        Uri uri = new($"http://{EndPoint}{path}");
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, uri);
            if (accept is not null)
            {
                request.Headers.TryAddWithoutValidation("Accept", accept);
            }

            using HttpResponseMessage response = await _client.SendAsync(request, stop);
            byte[] body = await response.Content.ReadAsByteArrayAsync(stop);
            return response.StatusCode == HttpStatusCode.OK ? (body, "") : (null, $"{uri} answers {(int)response.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !stop.IsCancellationRequested)
        {
            return (null, $"no agent answers at {uri}: {(e is HttpRequestException ? e.Message : $"no answer within {s_limit.TotalSeconds:0} s")}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _handler.Dispose();
    }
}
