using KubeProxySharp.Kubernetes.Connection.Credentials;
using KubeProxySharp.Kubernetes.Connection.Transport;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>All that a connection is made from, checked and ready.</summary>
internal sealed record ConnectionPlan
{
    /// <summary>Who says so, for the log.</summary>
    public required string Source { get; init; }

    public required Uri Server { get; init; }

    public string Namespace { get; init; } = "default";

    public HandlerOptions HandlerFactory { get; init; } = new();

    /// <summary>Whom to trust now; null for the system's authorities.</summary>
    public Func<ServerAuthority?> Authority { get; init; } = static () => null;

    /// <summary>Who we are now, if a certificate says so.</summary>
    public Func<ClientCertificate?> Certificate { get; init; } = static () => null;

    public ICredentialSource Credentials { get; init; } = new FixedCredential(Credential.None);

    public IReadOnlyList<KeyValuePair<string, string>> ImpersonationHeaders { get; init; } = [];

    /// <summary>The files behind these that are read again.</summary>
    public IReadOnlyList<IRereadFile> Files { get; init; } = [];
}

/// <summary>Plans a connection that only has an address: <c>--master</c> alone.</summary>
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
            HandlerFactory = new() { Proxy = Transport.ProxyChoice.FromEnvironment(server, settings.Environment) },
        };
    }
}
