using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>
/// The API server that a command asks, by the rules of kubectl: <c>--kubeconfig</c>, else KUBECONFIG with all of its files, else
/// <c>~/.kube/config</c>, else the service account of the Pod. The kubeconfig of a KubeProxyConfiguration comes after
/// <c>--kubeconfig</c> if the file is there: a configuration from another machine names a file of that machine.
/// </summary>
/// <param name="Files">The kubeconfigs, in their order; empty for the service account.</param>
/// <param name="Context">The context; empty for the current one.</param>
/// <param name="IsNamed">Whether the user named it, rather than that it was found.</param>
internal sealed record ClusterAccess(IReadOnlyList<string> Files, string Context, bool IsNamed)
{
    private const string ListVariable = "KUBECONFIG";
    private const string HomeVariable = "HOME";

    /// <summary>Set in every Pod (kubernetes.io, "Accessing the Kubernetes API from a Pod").</summary>
    private const string PodVariable = "KUBERNETES_SERVICE_HOST";

    /// <summary>Finds the server.</summary>
    /// <param name="options">What was given.</param>
    /// <param name="configuration">The configuration.</param>
    /// <param name="environment">Reads a variable of the environment.</param>
    /// <exception cref="InputException">None was named, and none is at hand.</exception>
    public static ClusterAccess Find(ClusterOptions options, KubeProxyConfiguration configuration, Func<string, string?> environment)
    {
        string context = options.Context ?? "";
        if (options.Kubeconfig is { Length: > 0 } named)
        {
            return new([named], context, IsNamed: true);
        }

        string configured = configuration.ClientConnection.Kubeconfig;
        IReadOnlyList<string> files = options.Context is null && File.Exists(configured) ? [configured] : FilesOfUser(environment);
        if (files.Count == 0 && configured.Length == 0 && string.IsNullOrEmpty(environment(PodVariable)))
        {
            throw new InputException(
                $"{(options.Context is null ? "" : $"--context {context}: ")}no API server is at hand: {ListVariable} names no file that exists, there is no ~/.kube/config, and this is not a Pod; give --kubeconfig FILE, or manifests with -f");
        }

        return files.Count == 0 && configured.Length != 0 && options.Context is null
            ? new([configured], context, IsNamed: true) // nothing else is there, so that the error names it
            : new(files, context, options.Context is not null || (files is [var only] && only == configured));
    }

    /// <summary>The kubeconfigs of the user that exist; a file of KUBECONFIG that does not is left out, as kubectl does.</summary>
    /// <param name="environment">Reads a variable of the environment.</param>
    public static IReadOnlyList<string> FilesOfUser(Func<string, string?> environment)
    {
        string[] listed = (environment(ListVariable) ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        if (listed.Length == 0 && environment(HomeVariable) is { Length: > 0 } home)
        {
            listed = [Path.Combine(home, ".kube", "config")];
        }

        return [.. listed.Where(File.Exists).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Opens the connection; nothing is sent yet.</summary>
    /// <exception cref="ConnectionException">What was given cannot be used.</exception>
    public ApiConnection Open(ConnectionSettings settings)
    {
        if (Files.Count != 0)
        {
            return ApiConnection.FromKubeconfigs(Files, Context, settings);
        }

        return Context.Length == 0
            ? ApiConnection.InCluster(settings)
            : throw new ConnectionException("--context", "", $"is \"{Context}\", but there is no kubeconfig: {ListVariable} names no file that exists, and neither does ~/.kube/config; give --kubeconfig FILE");
    }
}
