namespace KubeProxySharp.Kubernetes.Connection.Configuration;

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
