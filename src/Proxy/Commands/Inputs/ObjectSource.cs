using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Reads the objects of a cluster from where the options say: from manifests or from an API server.</summary>
/// <param name="files">Reads manifests.</param>
/// <param name="host">The host.</param>
/// <param name="errors">Receives notes.</param>
internal sealed class ObjectSource(InputFiles files, AgentHost host, TextWriter errors)
{
    /// <summary>Reads.</summary>
    /// <param name="options">Where from.</param>
    /// <param name="configuration">The configuration, which may name a kubeconfig.</param>
    /// <param name="nodeName">The only Node that is needed; null for all of them.</param>
    /// <param name="consequence">What happens when the objects have errors, for the message.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>The objects; null when they have errors, which have been reported.</returns>
    public async Task<ManifestObjects?> ReadAsync(ClusterOptions options, KubeProxyConfiguration configuration, string? nodeName, string consequence, CancellationToken stop)
    {
        if (options.Paths.Count != 0)
        {
            return files.ReadManifests(options.Paths, options.IsRecursive, consequence, options.AreNotesBrief);
        }

        ClusterNeeds needs = new() { NodeName = nodeName };
        options.AddNeeds?.Invoke(needs);
        ManifestReader reader = new();
        await new ClusterListing(host.Time, errors).ReadAsync(ClusterAccess.Find(options, configuration, host.Environment), needs, reader, stop);
        return files.Report(reader, consequence, options.AreNotesBrief);
    }

    /// <summary>The Node that has the name of this host, if the cluster has one; null if there is none, or the configuration names another.</summary>
    public string? NodeOfHost(ManifestObjects objects, KubeProxyConfiguration configuration)
    {
        string name = host.HostName.Trim().ToLowerInvariant();
        return configuration.HostnameOverride.Length == 0 && objects.Nodes.ContainsKey(name) ? name : null;
    }
}
