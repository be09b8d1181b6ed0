namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>Protocols that no Service has and that stand for all such (IANA).</summary>
internal static class OtherProtocol
{
    public const byte Icmp = 1;

    public const byte IcmpV6 = 58;
}
