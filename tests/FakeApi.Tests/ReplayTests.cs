using System.IO.Compression;
using System.Text;

namespace KubeProxySharp.FakeApi.Tests;

/// <summary>Held to the recorded traffic of a real API server: the same objects give the same bytes and the same headers.</summary>
public sealed class ReplayTests
{
    private const string ProxyServices = "labelSelector=%21service.kubernetes.io%2Fservice-proxy-name&fieldSelector=spec.clusterIP%21%3DNone";
    private const string ProxySlices = "labelSelector=%21service.kubernetes.io%2Fheadless";
    private const string NodeA = "fieldSelector=metadata.name%3Dnode-a";

    [Theory]
    [InlineData("services", "list", "")]
    [InlineData("services", "list-rv0", "?resourceVersion=0")]
    [InlineData("services", "list-selected", "?" + ProxyServices)]
    [InlineData("services", "page-1", "?limit=4")]
    [InlineData("services", "page-2", "?limit=4&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTE0LCJzdGFydCI6Ii9kYXRhL290aGVyXHUwMDAwIn0")]
    [InlineData("services", "page-3", "?limit=4&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTE0LCJzdGFydCI6Ii9zaG9wL3NpeFx1MDAwMCJ9")]
    [InlineData("endpointslices", "list", "")]
    [InlineData("endpointslices", "list-selected", "?" + ProxySlices)]
    [InlineData("endpointslices", "page-1", "?limit=3")]
    [InlineData("nodes", "list", "")]
    [InlineData("nodes", "list-selected", "?" + NodeA)]
    [InlineData("nodes", "page-1", "?limit=2")]
    [InlineData("nodes", "page-2", "?limit=2&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTE0LCJzdGFydCI6Ii9ub2RlLWJcdTAwMDAifQ")]
    [InlineData("servicecidrs", "list", "")]
    public async Task ListsAreTheRecordedOnes(string resource, string name, string query)
    {
        await using FakeApiServer server = await FakeApiServer.StartAsync();
        Recorded.LoadInto(server.Store);

        await CompareAsync(server, PathOf(resource) + query, Recorded.Json, $"{resource}/{name}.json");
        await CompareAsync(server, PathOf(resource) + query, Recorded.Protobuf, $"{resource}/{name}.pb");
    }

    [Trait("Category", "Slow")]
    [Theory]
    [InlineData("services", "watch", "")]
    [InlineData("services", "watch-selected", ProxyServices)]
    [InlineData("endpointslices", "watch", "")]
    [InlineData("endpointslices", "watch-selected", ProxySlices)]
    [InlineData("nodes", "watch", "")]
    [InlineData("nodes", "watch-selected", NodeA)]
    [InlineData("servicecidrs", "watch", "")]
    public async Task WatchesAreTheRecordedOnes(string resource, string name, string selectors)
    {
        FakeApiOptions options = new() { LastBookmark = TimeSpan.FromMilliseconds(500) };
        await using FakeApiServer server = await FakeApiServer.StartAsync(options);
        Recorded.LoadInto(server.Store);
        Recorded.ReplayInto(server.Store);
        using HttpClient client = Exchange.NewClient();

        foreach ((string accept, string suffix) in new[] { (Recorded.Json, ".json"), (Recorded.Protobuf, ".pb") })
        {
            string query = $"?watch=1&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=114&{selectors}";
            using HttpRequestMessage request = Exchange.Get(server.ClearHttp1Uri, PathOf(resource) + query, accept);
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Exchange.Patience);
            byte[] body = await response.Content.ReadAsByteArrayAsync(Exchange.Patience);

            Recorded.Frames(body, suffix == ".json").Should().Equal(Recorded.Frames(Recorded.Body($"{resource}/{name}{suffix}"), suffix == ".json"));
            HeadersOf(response).Should().Equal(Recorded.Headers($"{resource}/{name}{suffix}"));
        }
    }

    [Trait("Category", "Slow")]
    [Theory]
    [InlineData("services")]
    [InlineData("endpointslices")]
    [InlineData("nodes")]
    [InlineData("servicecidrs")]
    public async Task StreamingListsAreTheRecordedOnes(string resource)
    {
        foreach ((string accept, string suffix) in new[] { (Recorded.Json, ".json"), (Recorded.Protobuf, ".pb") })
        {
            await using FakeApiServer server = await FakeApiServer.StartAsync();
            Recorded.LoadInto(server.Store);
            using HttpClient client = Exchange.NewClient();

            string query = "?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=2";
            Stream stream = await Exchange.WatchAsync(client, server.ClearHttp1Uri, PathOf(resource) + query, accept);
            string initial = await Exchange.ReadUntilAsync(stream, "initial-events-end");
            Recorded.ReplayInto(server.Store);
            byte[] body = [.. Encoding.Latin1.GetBytes(initial), .. await Exchange.ReadAllAsync(stream)];

            Recorded.Frames(body, suffix == ".json", bookmarks: false)
                .Should().Equal(Recorded.Frames(Recorded.Body($"{resource}/watchlist{suffix}"), suffix == ".json", bookmarks: false));
        }
    }

    [Theory]
    [InlineData("400-bad-rv", "/api/v1/services?resourceVersion=abc")]
    [InlineData("400-bad-continue", "/api/v1/services?limit=2&continue=nonsense")]
    [InlineData("404-object", "/api/v1/namespaces/shop/services/absent")]
    [InlineData("404-version", "/apis/discovery.k8s.io/v9/endpointslices")]
    [InlineData("422-sendinitialevents", "/api/v1/services?watch=1&sendInitialEvents=true")]
    [InlineData("504-too-large-rv", "/api/v1/services?resourceVersion=99999999&resourceVersionMatch=NotOlderThan")]
    [InlineData("403-list", "/api/v1/services", "somebody")]
    [InlineData("403-watch", "/api/v1/services?watch=1&resourceVersion=114", "somebody")]
    [InlineData("403-get", "/api/v1/namespaces/shop/services/web", "somebody")]
    [InlineData("403-service-account", "/apis/discovery.k8s.io/v1/endpointslices", "system:serviceaccount:kube-system:proxy")]
    public async Task ErrorsAreTheRecordedOnes(string name, string pathAndQuery, string? user = null)
    {
        FakeApiOptions options = new() { VersionWait = TimeSpan.FromMilliseconds(10), Authorize = (asker, _, _) => asker == "system:admin" };
        await using FakeApiServer server = await FakeApiServer.StartAsync(options);
        Recorded.LoadInto(server.Store);
        server.Store.AdvanceTo(136);
        (string, string)[] headers = user is null ? [] : [("Impersonate-User", user)];

        await CompareAsync(server, pathAndQuery, Recorded.Json, $"errors/{name}.json", headers);
        // The recording in protobuf was made later.
        server.Store.AdvanceTo(142);
        await CompareAsync(server, pathAndQuery, Recorded.Protobuf, $"errors/{name}.pb", headers);
    }

    [Theory]
    [InlineData("401-no-token", null)]
    [InlineData("401-bad-token", "Bearer nobody")]
    [InlineData("403-anonymous", null)]
    public async Task RequestsWithoutCredentialsAreAnsweredAsRecorded(string name, string? authorization)
    {
        FakeApiOptions options = new()
        {
            CheckClearText = true,
            AllowAnonymous = name == "403-anonymous",
            Authorize = (asker, _, _) => asker != "system:anonymous",
        };
        await using FakeApiServer server = await FakeApiServer.StartAsync(options);
        (string, string)[] headers = authorization is null ? [] : [("Authorization", authorization)];

        await CompareAsync(server, "/api/v1/services", Recorded.Json, $"errors/{name}.json", headers);
        await CompareAsync(server, "/api/v1/services", Recorded.Protobuf, $"errors/{name}.pb", headers);
    }

    [Theory]
    [InlineData("410-expired-exact", "/api/v1/services?resourceVersion=114&resourceVersionMatch=Exact&limit=2")]
    [InlineData("410-expired-continue", "/api/v1/services?limit=3&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTQyLCJzdGFydCI6Ii9kYXRhL2hlYWRsZXNzXHUwMDAwIn0")]
    [InlineData("410-watch-expired", "/api/v1/services?watch=1&resourceVersion=114&allowWatchBookmarks=true&timeoutSeconds=5")]
    public async Task WhatIsCompactedAwayIsAnsweredAsRecorded(string name, string pathAndQuery)
    {
        await using FakeApiServer server = await FakeApiServer.StartAsync();
        Recorded.LoadInto(server.Store);
        server.Store.AdvanceTo(171);
        server.Store.Compact();

        await CompareAsync(server, pathAndQuery, Recorded.Json, $"errors/{name}.json");
        await CompareAsync(server, pathAndQuery, Recorded.Protobuf, $"errors/{name}.pb");
    }

    [Fact]
    public async Task WhatCannotBeServedIsAnsweredInJson()
    {
        await using FakeApiServer server = await FakeApiServer.StartAsync();

        await CompareAsync(server, "/api/v1/services", "text/plain", "errors/406-not-acceptable.txt");
    }

    [Theory]
    [InlineData(Recorded.Json, "json")]
    [InlineData(Recorded.Protobuf, "pb")]
    public async Task OnlyLargeListsAreCompressed(string accept, string suffix)
    {
        await using FakeApiServer server = await FakeApiServer.StartAsync();
        server.Store.Load(Encoding.UTF8.GetString(Recorded.Body("gzip/list-identity.json")), keepVersions: true);
        (string, string) gzip = ("Accept-Encoding", "gzip");
        using HttpClient client = Exchange.NewClient();

        await CompareAsync(server, "/api/v1/services?labelSelector=nothing", accept, "gzip/small." + suffix, gzip);
        using HttpRequestMessage request = Exchange.Get(server.ClearHttp1Uri, "/api/v1/services", accept, gzip, ("User-Agent", Exchange.Curl));
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Exchange.Patience);

        HeadersOf(response).Should().Equal(Recorded.Headers("gzip/list-gzip." + suffix));
        Unzip(await response.Content.ReadAsByteArrayAsync(Exchange.Patience)).Should().Equal(Unzip(Recorded.Body("gzip/list-gzip." + suffix)));
    }

    private static byte[] Unzip(byte[] bytes)
    {
        using GZipStream gzip = new(new MemoryStream(bytes), CompressionMode.Decompress);
        using MemoryStream output = new();
        gzip.CopyTo(output);
        return output.ToArray();
    }

    private static string PathOf(string resource) =>
        Schema.ResourceType.All.Single(type => type.Plural == resource).ListPath;

    private static async Task CompareAsync(FakeApiServer server, string pathAndQuery, string accept, string name, params (string, string)[] headers)
    {
        using HttpClient client = Exchange.NewClient();
        using HttpRequestMessage request = Exchange.Get(server.ClearHttp1Uri, pathAndQuery, accept, [("User-Agent", Exchange.Curl), .. headers]);
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Exchange.Patience);
        SortedDictionary<string, string> given = HeadersOf(response);
        byte[] body = await response.Content.ReadAsByteArrayAsync(Exchange.Patience);

        if (name.EndsWith(".pb", StringComparison.Ordinal))
        {
            Convert.ToHexString(body).Should().Be(Convert.ToHexString(Recorded.Body(name)), name);
        }
        else
        {
            Encoding.UTF8.GetString(body).Should().Be(Encoding.UTF8.GetString(Recorded.Body(name)), name);
        }

        ((int)response.StatusCode).Should().Be(Recorded.Code(name));
        given.Should().Equal(Recorded.Headers(name), name);
    }

    private static SortedDictionary<string, string> HeadersOf(HttpResponseMessage response)
    {
        SortedDictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach (KeyValuePair<string, IEnumerable<string>> header in response.Headers.NonValidated.Select(Pair).Concat(response.Content.Headers.NonValidated.Select(Pair)))
        {
            Recorded.Add(headers, header.Key, string.Join(", ", header.Value));
        }

        return headers;
    }

    private static KeyValuePair<string, IEnumerable<string>> Pair(KeyValuePair<string, System.Net.Http.Headers.HeaderStringValues> header) =>
        new(header.Key, header.Value);
}
