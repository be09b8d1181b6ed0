using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>A cluster as one of its nodes sees it, and the rules that follow from it.</summary>
internal sealed record ClusterView
{
    public required ManifestObjects Objects { get; init; }

    /// <summary>The configuration, valid.</summary>
    public required KubeProxyConfiguration Configuration { get; init; }

    /// <summary>The mode: iptables or nftables.</summary>
    public required string Mode { get; init; }

    /// <summary>The node's name; empty if there is no Node at all.</summary>
    public required string NodeName { get; init; }

    /// <summary>The addresses on the node's interfaces.</summary>
    public required IReadOnlyList<IpAddress> NodeAddresses { get; init; }

    public required RuleModelSnapshot Model { get; init; }
}
