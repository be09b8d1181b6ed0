using System.Globalization;
using KubeProxySharp.Kubernetes.Connection.Credentials;
using KubeProxySharp.Kubernetes.Connection.Transport;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>Plans the connection of a pod with its service account (wire notes 5.3).</summary>
internal static class InClusterPlan
{
    private const string Subject = "in-cluster configuration";
    private const string HostVariable = "KUBERNETES_SERVICE_HOST";
    private const string PortVariable = "KUBERNETES_SERVICE_PORT";

    /// <summary>Interval in which the file of authorities is reread (wire notes 5.4).</summary>
    public static TimeSpan AuthorityInterval { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether this is a pod with a service account.</summary>
    public static bool IsPossible(ConnectionSettings settings) =>
        !string.IsNullOrEmpty(settings.Environment(HostVariable))
        && !string.IsNullOrEmpty(settings.Environment(PortVariable))
        && File.Exists(Path.Combine(settings.ServiceAccountDirectory, "token"));

    /// <inheritdoc cref="ApiConnection.InCluster"/>
    public static ConnectionPlan Make(ConnectionSettings settings)
    {
        Uri server = Server(settings);
        string tokenPath = Path.Combine(settings.ServiceAccountDirectory, "token");
        string authorityPath = Path.Combine(settings.ServiceAccountDirectory, "ca.crt");
        RereadFile<Credential> token = new(
            tokenPath,
            () => BoundedFile.ReadText(tokenPath, Subject, "service account token"),
            static text => BearerToken.Parse(text, Subject, "service account token"),
            TokenFileCredential.Interval,
            settings);
        RereadFile<ServerAuthority> authority = new(
            authorityPath,
            () => BoundedFile.ReadText(authorityPath, Subject, "service account ca.crt"),
            static text => ServerAuthority.Parse(text, Subject, "service account ca.crt"),
            AuthorityInterval,
            settings);
        return new()
        {
            Source = Subject,
            Server = server,
            Namespace = Namespace(settings),
            Handler = new() { Proxy = ProxyChoice.FromEnvironment(server, settings.Environment) },
            Authority = authority.Current,
            Credentials = new TokenFileCredential(token),
            Files = [token, authority],
        };
    }

    private static Uri Server(ConnectionSettings settings)
    {
        string host = settings.Environment(HostVariable) ?? "";
        string port = settings.Environment(PortVariable) ?? "";
        if (host.Length == 0 || port.Length == 0)
        {
            throw new ConnectionException(
                Subject, $"{HostVariable} and {PortVariable}", "are not both set, so this is not a pod; name a kubeconfig with --kubeconfig or a server with --master");
        }

        if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw new ConnectionException(Subject, PortVariable, $"is \"{port}\", which is not a port; set it to a number up to 65535");
        }

        bool needsBrackets = host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[');
        return ServerAddress.Parse($"https://{(needsBrackets ? $"[{host}]" : host)}:{port}", Subject, $"{HostVariable} \"{host}\"");
    }

    private static string Namespace(ConnectionSettings settings)
    {
        if (settings.Environment("POD_NAMESPACE") is { Length: > 0 } named)
        {
            return named;
        }

        string path = Path.Combine(settings.ServiceAccountDirectory, "namespace");
        string written = File.Exists(path) ? BoundedFile.ReadText(path, Subject, "service account namespace").Trim() : "";
        return written.Length == 0 ? "default" : written;
    }
}
