using System.Net;
using KubeProxySharp.Kubernetes.Connection.Credentials;
using KubeProxySharp.Kubernetes.Connection.Transport;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>Plans a connection from the current context of a kubeconfig (wire notes 5.1 and 5.2).</summary>
internal static class KubeconfigPlan
{
    /// <inheritdoc cref="ApiConnection.FromKubeconfig"/>
    public static ConnectionPlan Make(string path, string master, ConnectionSettings settings) => Make(KubeconfigReader.Read(path), master, settings);

    /// <inheritdoc cref="ApiConnection.FromKubeconfigs"/>
    public static ConnectionPlan Make(IReadOnlyList<string> paths, string context, ConnectionSettings settings)
    {
        Kubeconfig file = Kubeconfig.Merge([.. paths.Select(KubeconfigReader.Read)]);
        if (context.Length != 0 && !file.Contexts.ContainsKey(context))
        {
            throw new ConnectionException(file.Path, "--context", $"is \"{context}\", which contexts does not have; it has {Listed(file.Contexts.Keys)}");
        }

        return Make(context.Length == 0 ? file : file with { CurrentContext = context }, "", settings);
    }

    private static ConnectionPlan Make(Kubeconfig file, string master, ConnectionSettings settings)
    {
        ContextEntry context = CurrentContext(file);
        ClusterEntry cluster = Named(file, file.Clusters, context.Cluster, "cluster", "clusters") ?? new();
        if (master.Length != 0)
        {
            // The name in the file is of the server in the file, and likely wrong for another one; client-go clears it too.
            cluster = cluster with { Server = master, TlsServerName = "" };
        }

        if (cluster.Server.Length == 0 && context.Cluster.Length == 0)
        {
            return FallBackToInCluster(file, settings);
        }

        string where = $"clusters[name={context.Cluster}].cluster";
        if (cluster.Server.Length == 0)
        {
            throw new ConnectionException(file.Path, where, "has no server; set it to https://host:port");
        }

        Uri server = ServerAddress.Parse(cluster.Server, file.Path, master.Length == 0 ? $"{where}.server" : "--master");
        WebProxy? proxy = cluster.ProxyUrl.IsEmpty
            ? ProxyChoice.FromEnvironment(server, settings.Environment)
            : ProxyChoice.Parse(cluster.ProxyUrl.Reveal(), file.Path, $"{where}.proxy-url");
        UserEntry user = Named(file, file.Users, context.User, "user", "users") ?? new();
        if (server.Scheme == Uri.UriSchemeHttp)
        {
            return new() { Source = file.Path, Server = server, Context = file.CurrentContext, Namespace = NamespaceOf(context), Handler = new() { Proxy = proxy } };
        }

        ClusterTrust trust = ClusterTrust.Of(cluster, file.Path, where, settings);
        UserCredentials credentials = new(user, file.Path, $"users[name={context.User}].user", settings);
        Func<ClientCertificate?> certificate = credentials.Certificate();
        ICredentialSource source = credentials.Source(cluster, server, trust.Pem);
        return new()
        {
            Source = file.Path,
            Server = server,
            Context = file.CurrentContext,
            Namespace = NamespaceOf(context),
            Handler = new()
            {
                TlsServerName = cluster.TlsServerName,
                SkipsVerification = cluster.InsecureSkipTlsVerify,
                DisablesCompression = cluster.DisableCompression,
                Proxy = proxy,
            },
            Authority = trust.Authority,
            Certificate = certificate,
            Credentials = source,
            Files = [.. trust.Files, .. credentials.Files],
            ImpersonationHeaders = ImpersonationHeaders.Of(user.Impersonation, file.Path, $"users[name={context.User}].user"),
        };
    }

    private static string NamespaceOf(ContextEntry context) => context.Namespace.Length == 0 ? "default" : context.Namespace;

    private static ContextEntry CurrentContext(Kubeconfig file)
    {
        if (file.CurrentContext.Length == 0)
        {
            return new("", "", "");
        }

        return file.Contexts.TryGetValue(file.CurrentContext, out ContextEntry? context)
            ? context
            : throw new ConnectionException(
                file.Path, "current-context", $"is \"{file.CurrentContext}\", which contexts does not have; it has {Listed(file.Contexts.Keys)}");
    }

    private static T? Named<T>(Kubeconfig file, IReadOnlyDictionary<string, T> entries, string name, string field, string list)
        where T : class
    {
        if (name.Length == 0)
        {
            return null;
        }

        return entries.TryGetValue(name, out T? entry)
            ? entry
            : throw new ConnectionException(
                file.Path, $"contexts[name={file.CurrentContext}].context.{field}", $"is \"{name}\", which {list} does not have; it has {Listed(entries.Keys)}");
    }

    private static string Listed(IEnumerable<string> names)
    {
        string listed = string.Join(", ", names.Order(StringComparer.Ordinal).Select(name => $"\"{name}\""));
        return listed.Length == 0 ? "none" : listed;
    }

    private static ConnectionPlan FallBackToInCluster(Kubeconfig file, ConnectionSettings settings)
    {
        if (!InClusterPlan.IsPossible(settings))
        {
            throw new ConnectionException(
                file.Path, "current-context", "leads to no server; set it to a context whose cluster has one, or name the server with --master");
        }

        settings.LoggerFactory.CreateLogger<ApiConnection>().FallingBackToInCluster(file.Path);
        return InClusterPlan.Make(settings);
    }
}
