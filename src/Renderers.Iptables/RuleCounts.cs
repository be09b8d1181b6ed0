namespace KubeProxySharp.Renderers.Iptables;

/// <summary>How many rules a restore appends; jump rules and deletions are not counted (spec 10.1).</summary>
/// <param name="Filter">Rules of the filter table.</param>
/// <param name="NatShared">Rules in the chains of the nat table that do not belong to one service port.</param>
/// <param name="NatPorts">Rules in the per-service chains of the nat table.</param>
public readonly record struct RuleCounts(int Filter, int NatShared, int NatPorts)
{
    /// <summary>Rules of the nat table.</summary>
    public int Nat => NatShared + NatPorts;
}
