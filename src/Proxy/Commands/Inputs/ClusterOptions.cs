using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>What a command was told of a cluster and one of its nodes.</summary>
internal record ClusterOptions
{
    /// <summary>Manifests: files, directories, or <c>-</c>; empty for an API server.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Whether directories are read with all that is below them.</summary>
    public bool IsRecursive { get; init; }

    /// <summary>How to reach the API server; null for what the configuration says.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>A KubeProxyConfiguration file, or null for the defaults.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>The node's name; null to find it.</summary>
    public string? NodeName { get; init; }

    /// <summary>Addresses on the node's interfaces; null to find them.</summary>
    public IReadOnlyList<IpAddress>? NodeAddresses { get; init; }

    /// <summary>Finds the node in the objects when none is named; null to leave it to the configuration and the only Node.</summary>
    public Func<ManifestObjects, string?>? ChooseNode { get; init; }

    /// <summary>The mode, or null for that of the configuration.</summary>
    public string? Mode { get; init; }
}
