using KubeProxySharp.Kubernetes.Connection.Configuration;
using KubeProxySharp.Kubernetes.Connection.Credentials;
using KubeProxySharp.Kubernetes.Connection.Transport;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection;

/// <summary>
/// The connection to the API server: HTTP/2 if the server supports it, verified, with credentials that are renewed. Failures
/// of the network, of TLS and of credential plugins are thrown as <see cref="HttpRequestException"/> by the request; the next
/// request may succeed.
/// </summary>
public sealed class ApiConnection : IDisposable
{
    /// <summary>The longest response that is buffered, in bytes. Lists are read as streams and not limited here.</summary>
    private const int MaxBufferedLength = 64 * 1024 * 1024;

    private readonly Func<CancellationToken, Task> _replacedFiles;

    /// <summary>Uses an existing handler, without TLS, credentials or limits, for tests and benchmarks.</summary>
    /// <param name="server">The server.</param>
    /// <param name="handler">Sends the requests; not owned.</param>
    /// <param name="replacedFiles">See <see cref="WaitForReplacedFilesAsync"/>.</param>
    internal ApiConnection(Uri server, HttpMessageHandler handler, Func<CancellationToken, Task> replacedFiles)
    {
        Server = server;
        Namespace = "default";
        Description = server.ToString();
        _replacedFiles = replacedFiles;
        Client = new(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private ApiConnection(ConnectionPlan plan, ConnectionSettings settings)
    {
        ILogger logger = settings.LoggerFactory.CreateLogger<ApiConnection>();
        Server = plan.Server;
        Namespace = plan.Namespace;
        Description = plan.Context.Length == 0 ? plan.Source : $"context {plan.Context} of {plan.Source}";
        _replacedFiles = new ReplacedFiles(plan.Files, settings.TimeProvider).WaitAsync;
        LogConnection(logger, plan);
        HandlerFactory handlers = new(plan.Server, plan.Handler, settings);
        HttpMessageHandler handler = new TransportHandler(plan.Authority, plan.Certificate, handlers.Create, logger);
        handler = new RateLimitHandler(Bucket(settings), handler);
        handler = new CredentialHandler(plan.Credentials, plan.ImpersonationHeaders, plan.Server, logger, handler);
        Client = new(new OriginHandler(plan.Server, plan.Handler.TlsServerName, handler))
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
    /// Sends requests to this server only. Addresses are relative and begin without a slash (<c>api/v1/services</c>), so that
    /// a path prefix is kept. There is no timeout, since watches are long; each request must set its own.
    /// Watches (<c>watch=1</c> or <c>watch=true</c>) do not count against the rate limit (wire notes 6).
    /// </summary>
    public HttpClient Client { get; }

    /// <summary>The namespace of the pod or of the kubeconfig's context; <c>default</c> if none is named.</summary>
    public string Namespace { get; }

    /// <summary>The source of the parameters, for people: context and file, or the in-cluster configuration. Holds no credential.</summary>
    public string Description { get; }

    /// <summary>
    /// Waits until the content of a file with the token, the client certificate or the authorities has changed; the files are
    /// polled meanwhile. For a wait before the next attempt after a refusal.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task WaitForReplacedFilesAsync(CancellationToken cancellationToken) => _replacedFiles(cancellationToken);

    /// <summary>Connects with the source that kube-proxy chooses (behaviour notes 11.9): kubeconfig, else master, else service account.</summary>
    /// <param name="kubeconfig">The file; empty for none.</param>
    /// <param name="master">The server that overrides it; empty for none.</param>
    /// <param name="settings">Rate limit, clock and log.</param>
    /// <exception cref="ConnectionException">The configuration cannot be used. No request has been sent.</exception>
    public static ApiConnection Open(string kubeconfig, string master, ConnectionSettings settings)
    {
        if (kubeconfig.Length != 0)
        {
            return FromKubeconfig(kubeconfig, master, settings);
        }

        return master.Length != 0 ? Anonymous(master, settings) : InCluster(settings);
    }

    /// <summary>Connects with the current context of a kubeconfig. KUBECONFIG and ~/.kube are not used (wire notes 5.1).</summary>
    /// <param name="path">The file. If it names no server, the service account is used if there is one.</param>
    /// <param name="master">The server that overrides that of the file; empty for none. It also clears tls-server-name.</param>
    /// <param name="settings">Rate limit, clock and log.</param>
    /// <exception cref="ConnectionException">The file, or a file that it names, cannot be used.</exception>
    public static ApiConnection FromKubeconfig(string path, string master, ConnectionSettings settings) =>
        Connect(KubeconfigPlan.Make(path, master, settings), settings);

    /// <summary>Connects with a context of kubeconfigs that are merged by the rules of client-go, as kubectl does for KUBECONFIG.</summary>
    /// <param name="paths">The files, which must exist. If they name no server, the service account is used if there is one.</param>
    /// <param name="context">The context; empty for the current one.</param>
    /// <param name="settings">Rate limit, clock and log.</param>
    /// <exception cref="ConnectionException">A file, or a file that it names, cannot be used, or there is no such context.</exception>
    public static ApiConnection FromKubeconfigs(IReadOnlyList<string> paths, string context, ConnectionSettings settings) =>
        Connect(KubeconfigPlan.Make(paths, context, settings), settings);

    /// <summary>Connects as a pod with its service account (wire notes 5.3).</summary>
    /// <param name="settings">Rate limit, clock and log.</param>
    /// <exception cref="ConnectionException">This is not a pod, or the pod has no service account.</exception>
    public static ApiConnection InCluster(ConnectionSettings settings) => Connect(InClusterPlan.Make(settings), settings);

    /// <summary>Connects without credentials.</summary>
    /// <param name="master">The server; plain http if it has no scheme (wire notes 5.2).</param>
    /// <param name="settings">Rate limit, clock and log.</param>
    /// <exception cref="ConnectionException">The text is not an address of a server.</exception>
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

    private static void LogConnection(ILogger logger, ConnectionPlan plan)
    {
        logger.Connecting(plan.Server, plan.Source);
        if (plan.Server.Scheme == Uri.UriSchemeHttp)
        {
            logger.PlainHttp(plan.Server);
        }

        if (plan.Handler.SkipsVerification)
        {
            logger.NotVerified(plan.Server);
        }
    }
}

/// <summary>
/// The configuration of a connection cannot be used: a broken kubeconfig, a missing file, an unusable key. The message names
/// the place, the problem and the remedy, and never the value of a credential.
/// </summary>
/// <param name="subject">The source of the problem: a file, or "in-cluster configuration".</param>
/// <param name="field">The field at fault, such as <c>users[name=node].user.client-key</c>; empty for the whole.</param>
/// <param name="problem">The problem and its remedy; completes a sentence that begins with the field.</param>
public sealed class ConnectionException(string subject, string field, string problem)
    : Exception(field.Length == 0 ? $"{subject}: {problem}" : $"{subject}: {field} {problem}")
{
    /// <summary>The source of the problem: a file, or "in-cluster configuration".</summary>
    public string Subject { get; } = subject;

    /// <summary>The field at fault; empty for the whole.</summary>
    public string Field { get; } = field;

    /// <summary>The problem and its remedy.</summary>
    public string Problem { get; } = problem;
}
