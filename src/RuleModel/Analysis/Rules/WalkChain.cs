namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>A chain of rules. Not changed any more once a walk has gone through it.</summary>
/// <param name="name">Its name.</param>
public sealed partial class WalkChain(string name)
{
    /// <summary>The name.</summary>
    public string Name { get; } = name;

    /// <summary>The rules.</summary>
    public List<WalkRule> Rules => Volatile.Read(ref _rules) ?? MakeRules();

    /// <summary>The hook of a base chain; null for others.</summary>
    public Hook? Hook { get; init; }

    /// <summary>The priority of a base chain: lower comes first.</summary>
    public int Priority { get; init; }

    /// <summary>Whether a base chain rewrites addresses, and so sees only the first packet of a connection.</summary>
    public bool IsNat { get; init; }

    /// <summary>What becomes of packets at the end of a base chain.</summary>
    public WalkVerdict Policy { get; init; } = WalkVerdict.Accept;
}
