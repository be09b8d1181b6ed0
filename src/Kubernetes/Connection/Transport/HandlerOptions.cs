using System.Net;

namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>How a cluster is reached.</summary>
internal sealed record HandlerOptions
{
    /// <summary>Name to ask for and to verify; empty for that of the server.</summary>
    public string TlsServerName { get; init; } = "";

    public bool SkipsVerification { get; init; }

    public bool DisablesCompression { get; init; }

    /// <summary>Null for none.</summary>
    public WebProxy? Proxy { get; init; }
}
