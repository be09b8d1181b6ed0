using KubeProxySharp.Kubernetes.Connection.Credentials;
using KubeProxySharp.Kubernetes.Connection.Transport;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>The checked parameters that a connection is made from.</summary>
internal sealed record ConnectionPlan
{
    /// <summary>Where the parameters come from, for the log.</summary>
    public required string Source { get; init; }

    public required Uri Server { get; init; }

    /// <summary>The context of the kubeconfig; empty if there is none.</summary>
    public string Context { get; init; } = "";

    public string Namespace { get; init; } = "default";

    public HandlerOptions Handler { get; init; } = new();

    /// <summary>Gets the current certificate authority; null for the system's authorities.</summary>
    public Func<ServerAuthority?> Authority { get; init; } = static () => null;

    /// <summary>Gets the current client certificate, if there is one.</summary>
    public Func<ClientCertificate?> Certificate { get; init; } = static () => null;

    public ICredentialSource Credentials { get; init; } = new FixedCredential(Credential.None);

    public IReadOnlyList<KeyValuePair<string, string>> ImpersonationHeaders { get; init; } = [];

    /// <summary>The files behind these that are reread when they change.</summary>
    public IReadOnlyList<IRereadFile> Files { get; init; } = [];
}

/// <summary>Plans a connection from an address alone: <c>--master</c> without a kubeconfig.</summary>
internal static class AnonymousPlan
{
    /// <inheritdoc cref="ApiConnection.Anonymous"/>
    public static ConnectionPlan Make(string master, ConnectionSettings settings)
    {
        Uri server = ServerAddress.Parse(master, "--master", $"\"{(master.Contains('@', StringComparison.Ordinal) ? "..." : master)}\"");
        return new()
        {
            Source = "--master",
            Server = server,
            Handler = new() { Proxy = Transport.ProxyChoice.FromEnvironment(server, settings.Environment) },
        };
    }
}
