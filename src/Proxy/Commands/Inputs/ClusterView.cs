using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;

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

    /// <summary>What is masqueraded of what pods send out of the cluster; null for nothing.</summary>
    public EgressPolicy? Egress { get; init; }

    /// <summary>What the rules of a node follow from, for those of another node or another mode.</summary>
    /// <param name="mode">The mode; null for the one of this view.</param>
    public ClusterInput Input(string? mode = null) => new(Objects, Configuration, mode ?? Mode) { Egress = Egress };

    /// <summary>Why egress masquerade, which is on, makes no rules in a family; nothing for the families in which it does.</summary>
    public IEnumerable<string> EgressProblems() => EgressProblem.Describe(Egress, [Model.IPv4.Settings, Model.IPv6.Settings]);
}
