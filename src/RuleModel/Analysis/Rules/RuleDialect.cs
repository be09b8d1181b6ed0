namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>What rules are written for. The two differ in what packets meet (docs/differences.md).</summary>
public enum RuleDialect : byte
{
    /// <summary>iptables mode.</summary>
    Iptables,

    /// <summary>nftables mode.</summary>
    Nftables,
}
