using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.Proxy.Tests.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Tests.Observability.Serving;

/// <summary>A running host and a client for it.</summary>
public sealed class HttpHostFixture : IAsyncLifetime
{
    private readonly RecordingLogger _faults = new();
    private readonly ProxyMetrics _metrics = Scrape.NewMetrics();

    /// <summary>Exceptions of answers, as logged.</summary>
    internal IReadOnlyCollection<Exception> Faults => _faults.Exceptions;

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromSeconds(30) };

    internal HttpHost Host { get; private set; } = null!;

    public async Task InitializeAsync() => Host = await HttpHost.StartAsync(_metrics.Connections, TimeProvider.System, _faults, CancellationToken.None);

    public async Task DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
    }

    /// <summary>A port that was free a moment ago.</summary>
    internal static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    internal static ListenPoint Loopback => ListenPoint.Of(IpAddress.Parse("127.0.0.1"), 0);

    /// <summary>Limits that only concern the number of connections.</summary>
    internal static ConnectionLimits Limits(int most) => new("test", most, TimeSpan.FromMinutes(10));

    internal HttpPort Open(HttpAnswer answer) => Host.Open(Loopback, Limits(8), answer);

    internal async Task<HttpReply> GetAsync(HttpPort port, string path, HttpMethod? method = null, string? accept = null) =>
        await SendAsync($"http://{port.LocalEndPoint}{path}", method, accept);

    internal async Task<HttpReply> SendAsync(string address, HttpMethod? method = null, string? accept = null)
    {
        using HttpRequestMessage request = new(method ?? HttpMethod.Get, address);
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        using HttpResponseMessage response = await Client.SendAsync(request);
        return new(
            (int)response.StatusCode,
            await response.Content.ReadAsStringAsync(),
            response.Headers.Concat(response.Content.Headers).ToDictionary(static header => header.Key, static header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase));
    }
}

/// <summary>An answer, read to its end.</summary>
internal sealed record HttpReply(int Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public string Header(string name) => Headers.TryGetValue(name, out string? value) ? value : "";
}
