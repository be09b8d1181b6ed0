using System.Collections.Concurrent;
using System.Net;
using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Http;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;
using KubeProxySharp.FakeApi.Transport;

namespace KubeProxySharp.FakeApi;

/// <summary>
/// A Kubernetes API server for tests: real TCP, TLS, HTTP/2, protobuf, list and watch, over objects that live in memory
/// (kubernetes-wire.md 9). Objects, history, faults and ports are kept when it stops and starts listening again.
/// </summary>
public sealed partial class FakeApiServer : IAsyncDisposable
{
    private readonly ConnectionGate _gate = new();
    private readonly RequestHandler _handler;
    private readonly ConcurrentDictionary<string, string> _tokens = new(StringComparer.Ordinal);

    private FakeApiServer(FakeApiOptions options)
    {
        Options = options;
        Store = new ObjectStore(options.Time, options.HistoryWindow);
        Faults = new FaultInjector(Store.WakeWatches);
        Authority = new TestAuthority(options.Time);
        _handler = new RequestHandler(this, new Authenticator(options, Authority, _tokens));
        _tokens[options.Token] = "system:kube-proxy";
        _securePort = options.SecurePort;
    }

    /// <summary>The behaviour it was started with.</summary>
    public FakeApiOptions Options { get; }

    /// <summary>The objects.</summary>
    public ObjectStore Store { get; }

    /// <summary>The injected faults.</summary>
    public FaultInjector Faults { get; }

    /// <summary>The requests of clients.</summary>
    public RequestLog Requests { get; } = new();

    /// <summary>The CA of the server's certificate, which can issue client certificates, too.</summary>
    public TestAuthority Authority { get; }

    /// <summary>The certificate for handshakes from now on.</summary>
    public ServerCertificate Certificate { get; set; }

    /// <summary>HTTPS, HTTP/2 by ALPN or HTTP/1.1.</summary>
    public Uri SecureUri => new($"https://127.0.0.1:{_securePort}");

    /// <summary>HTTP/2 without TLS.</summary>
    public Uri ClearHttp2Uri => new($"http://127.0.0.1:{_clearHttp2Port}");

    /// <summary>HTTP/1.1 without TLS.</summary>
    public Uri ClearHttp1Uri => new($"http://127.0.0.1:{_clearHttp1Port}");

    /// <summary>The connections that are open.</summary>
    public int OpenConnections => _gate.Count;

    internal TimeProvider Time => Options.Time;

    /// <summary>Starts a server on loopback.</summary>
    public static async Task<FakeApiServer> StartAsync(FakeApiOptions? options = null, CancellationToken cancellationToken = default)
    {
        FakeApiServer server = new(options ?? new FakeApiOptions());
        await server.StartListeningAsync(cancellationToken);
        return server;
    }

    /// <summary>The watches that run now, of a resource or of all.</summary>
    public int OpenWatches(ResourceType? type = null) => _handler.OpenWatches(type);

    /// <summary>Makes a token valid.</summary>
    public void AddToken(string token, string user) => _tokens[token] = user;

    /// <summary>Makes a token invalid, as when it is rotated: requests with it get 401; running watches continue.</summary>
    public void RevokeToken(string token) => _tokens.TryRemove(token, out _);

    /// <summary>Stops all traffic: connections stay and new ones are accepted, but no byte is transferred, PINGs and handshakes included.</summary>
    public void Freeze() => _gate.Freeze();

    /// <summary>Ends <see cref="Freeze"/>.</summary>
    public void Unfreeze() => _gate.Unfreeze();

    /// <summary>Drops all connections; new ones are accepted.</summary>
    public void DropConnections() => _gate.DropAll();

    /// <summary>A kubeconfig for <see cref="SecureUri"/> with token and CA.</summary>
    public string Kubeconfig() =>
        $$"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: fake
          cluster:
            server: {{SecureUri.ToString().TrimEnd('/')}}
            certificate-authority-data: {{Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(Authority.AuthorityPem))}}
        users:
        - name: fake
          user:
            token: {{Options.Token}}
        contexts:
        - name: fake
          context:
            cluster: fake
            user: fake
        current-context: fake

        """;

    /// <summary>A client that trusts the server's CA and sends its token; by default over HTTP/2.</summary>
    public HttpClient CreateClient(bool http1 = false)
    {
        SocketsHttpHandler handler = new() { UseProxy = false };
        handler.SslOptions.CertificateChainPolicy = new()
        {
            TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust,
            RevocationMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
            CustomTrustStore = { Authority.AuthorityCertificate },
        };
        HttpClient client = new(handler)
        {
            BaseAddress = SecureUri,
            DefaultRequestVersion = http1 ? HttpVersion.Version11 : HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.Authorization = new("Bearer", Options.Token);
        return client;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Faults.Clear();
        Unfreeze();
        await StopListeningAsync();
        Faults.Dispose();
        Authority.Dispose();
    }

    internal void DropConnection(string connectionId) => _gate.Drop(connectionId);

    internal bool HasNamespace(string name) =>
        name is "default" or "kube-system" or "kube-public" or "kube-node-lease"
        || Options.Namespaces.Contains(name, StringComparer.Ordinal)
        || Store.Read(ResourceType.Services, (table, _) => table.Objects.Values.Any(service => service.Namespace == name));

    /// <summary>Waits for a version that may not exist yet.</summary>
    /// <returns>Whether it was reached in time (kubernetes-wire.md 2.3).</returns>
    internal async Task<bool> WaitForVersionAsync(long version, CancellationToken cancellationToken)
    {
        if (Store.ResourceVersion >= version)
        {
            return true;
        }

        using CancellationTokenSource timer = new(Options.VersionWait, Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            while (true)
            {
                Task changed = Store.Changed;
                if (Store.ResourceVersion >= version)
                {
                    return true;
                }

                await changed.WaitAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
