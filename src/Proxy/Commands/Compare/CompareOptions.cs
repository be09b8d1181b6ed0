using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>What <c>compare</c> was asked for.</summary>
internal sealed record CompareOptions
{
    /// <summary>The first side; <see cref="ClusterOptions.Paths"/> are its files, whatever they hold.</summary>
    public required ClusterOptions A { get; init; }

    /// <summary>The second side.</summary>
    public required ClusterOptions B { get; init; }

    /// <summary>The families to compare.</summary>
    public required IReadOnlyList<IpFamily> Families { get; init; }

    /// <summary>Documented differences of the modes that are none here.</summary>
    public IReadOnlyList<ModeDifference> Ignored { get; init; } = [];

    /// <summary>Addresses on the node's interfaces; null to find them.</summary>
    public IReadOnlyList<IpAddress>? NodeAddresses { get; init; }

    /// <summary>Whether rules of others count; null for what the inputs are.</summary>
    public bool? ComparesAllRules { get; init; }

    /// <summary>Whether to write JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>The most threads.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}
