using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>One of two rule sets.</summary>
internal sealed record ComparedSide
{
    /// <summary>Where it comes from, for people.</summary>
    public required string Title { get; init; }

    /// <summary>The rules, by family.</summary>
    public required IReadOnlyDictionary<IpFamily, Ruleset> Rules { get; init; }

    /// <summary>The model that rules were made from; null for rules that were there.</summary>
    public RuleModelSnapshot? Model { get; init; }

    /// <summary>The addresses on the node's interfaces; empty if that is not known.</summary>
    public IReadOnlyList<IpAddress> NodeAddresses { get; init; } = [];
}
