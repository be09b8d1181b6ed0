using KubeProxySharp.Kubernetes.Connection.Configuration;
using KubeProxySharp.Kubernetes.Connection.Credentials;
using KubeProxySharp.Kubernetes.Connection.Transport;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection;

/// <summary>
/// The connection to the API server: HTTP/2 where the server has it, verified, with credentials that renew themselves.
/// Faults of the network, of TLS and of credential plugins show as <see cref="HttpRequestException"/> of the request, and
/// the next request may succeed.
/// </summary>
public sealed class ApiConnection : IDisposable
{
    /// <summary>What a buffered answer may hold. Lists are read as streams, which have no bound here.</summary>
    private const int MaxBufferedLength = 64 * 1024 * 1024;

    private readonly Func<CancellationToken, Task> _replacedFiles;

    /// <summary>Connects by a handler that is there: for tests and measurements, without TLS, credentials or limits.</summary>
    /// <param name="server">The server.</param>
    /// <param name="handler">Sends the requests; not owned.</param>
    /// <param name="replacedFiles">See <see cref="WaitForReplacedFilesAsync"/>.</param>
    internal ApiConnection(Uri server, HttpMessageHandler handler, Func<CancellationToken, Task> replacedFiles)
    {
        Server = server;
        Namespace = "default";
        _replacedFiles = replacedFiles;
        Client = new(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private ApiConnection(ConnectionPlan plan, ConnectionSettings settings)
    {
        ILogger logger = settings.LoggerFactory.CreateLogger<ApiConnection>();
        Server = plan.Server;
        Namespace = plan.Namespace;
        _replacedFiles = new ReplacedFiles(plan.Files, settings.TimeProvider).WaitAsync;
        Tell(logger, plan);
        HandlerFactory dial = new(plan.Server, plan.HandlerFactory, settings);
        HttpMessageHandler handler = new TransportHandler(plan.Authority, plan.Certificate, dial.Connect, logger);
        handler = new RateLimitHandler(Bucket(settings), handler);
        handler = new CredentialHandler(plan.Credentials, plan.ImpersonationHeaders, plan.Server, logger, handler);
        Client = new(new OriginHandler(plan.Server, plan.HandlerFactory.TlsServerName, handler))
        {
            BaseAddress = plan.Server,
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxBufferedLength,
        };
        Client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", settings.UserAgent);
    }

    /// <summary>The server, with the path prefix if there is one. Ends with a slash and holds no credential.</summary>
    public Uri Server { get; }

    /// <summary>
    /// Sends requests to the server and to no other. Addresses are relative and begin without a slash
    /// (<c>api/v1/services</c>), so that a path prefix stays. There is no time limit: watches last, so each request brings
    /// its own. Watches (<c>watch=1</c> or <c>watch=true</c>) do not count against the rate limit (wire notes 6).
    /// </summary>
    public HttpClient Client { get; }

    /// <summary>The namespace of the pod or of the kubeconfig's context; <c>default</c> if none is named.</summary>
    public string Namespace { get; }

    /// <summary>
    /// Waits until a file with the token, the client certificate or the authorities holds something else, looking at them
    /// meanwhile: for whoever waits to try again after a refusal.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task WaitForReplacedFilesAsync(CancellationToken cancellationToken) => _replacedFiles(cancellationToken);

    /// <summary>Connects the way kube-proxy chooses (behaviour notes 11.9): kubeconfig, else master, else service account.</summary>
    /// <param name="kubeconfig">The file; empty for none.</param>
    /// <param name="master">The server that overrides it; empty for none.</param>
    /// <param name="settings">Rate limit, clock and log.</param>
    /// <exception cref="ConnectionException">What was given cannot be used. Nothing has been sent yet in any case.</exception>
    public static ApiConnection Open(string kubeconfig, string master, ConnectionSettings settings)
    {
        if (kubeconfig.Length != 0)
        {
            return FromKubeconfig(kubeconfig, master, settings);
        }

        return master.Length != 0 ? Anonymous(master, settings) : InCluster(settings);
    }

    /// <summary>Connects as the current context of a kubeconfig says. KUBECONFIG and ~/.kube are not looked at (wire notes 5.1).</summary>
    /// <param name="path">The file. One without any server means the service account, if there is one.</param>
    /// <param name="master">The server that overrides that of the file; empty for none. It also drops tls-server-name.</param>
    /// <param name="settings">Rate limit, clock and log.</param>
    /// <exception cref="ConnectionException">The file, or one that it names, cannot be used.</exception>
    public static ApiConnection FromKubeconfig(string path, string master, ConnectionSettings settings) =>
        Connect(KubeconfigPlan.Make(path, master, settings), settings);

    /// <summary>Connects as a pod with its service account (wire notes 5.3).</summary>
    /// <param name="settings">Rate limit, clock and log.</param>
    /// <exception cref="ConnectionException">This is no pod, or it has no service account.</exception>
    public static ApiConnection InCluster(ConnectionSettings settings) => Connect(InClusterPlan.Make(settings), settings);

    /// <summary>Connects without credentials.</summary>
    /// <param name="master">The server; without a scheme it means plain http (wire notes 5.2).</param>
    /// <param name="settings">Rate limit, clock and log.</param>
    /// <exception cref="ConnectionException">It is not an address of a server.</exception>
    public static ApiConnection Anonymous(string master, ConnectionSettings settings) =>
        Connect(AnonymousPlan.Make(master, settings), settings);

    /// <summary>Closes all connections.</summary>
    public void Dispose() => Client.Dispose();

    private static ApiConnection Connect(ConnectionPlan plan, ConnectionSettings settings) => new(plan, settings);

    private static TokenBucket? Bucket(ConnectionSettings settings)
    {
        ConnectionSettings defaults = new();
        float rate = settings.QueriesPerSecond == 0 ? defaults.QueriesPerSecond : settings.QueriesPerSecond;
        int burst = settings.QueriesPerSecond == 0 && settings.Burst == 0 ? defaults.Burst : settings.Burst;
        if (rate < 0)
        {
            return null;
        }

        return burst > 0 && float.IsFinite(rate)
            ? new(rate, burst, settings.TimeProvider)
            : throw new ConnectionException("configuration", "clientConnection.burst", $"is {burst} with qps {rate}; it must be greater than 0 when qps is");
    }

    private static void Tell(ILogger logger, ConnectionPlan plan)
    {
        logger.Connecting(plan.Server, plan.Source);
        if (plan.Server.Scheme == Uri.UriSchemeHttp)
        {
            logger.PlainHttp(plan.Server);
        }

        if (plan.HandlerFactory.SkipsVerification)
        {
            logger.NotVerified(plan.Server);
        }
    }
}

/// <summary>
/// A connection that cannot be set up from what was given: a broken kubeconfig, a missing file, an unusable key. The text
/// names where, what and the remedy, and never holds the value of a credential.
/// </summary>
/// <param name="subject">Where the fault is: a file, or "in-cluster configuration".</param>
/// <param name="field">The field at fault, such as <c>users[name=node].user.client-key</c>; empty for the whole.</param>
/// <param name="problem">What is wrong and what to do, in words that follow the field.</param>
public sealed class ConnectionException(string subject, string field, string problem)
    : Exception(field.Length == 0 ? $"{subject}: {problem}" : $"{subject}: {field} {problem}")
{
    /// <summary>Where the fault is: a file, or "in-cluster configuration".</summary>
    public string Subject { get; } = subject;

    /// <summary>The field at fault; empty for the whole.</summary>
    public string Field { get; } = field;

    /// <summary>What is wrong and what to do.</summary>
    public string Problem { get; } = problem;
}
