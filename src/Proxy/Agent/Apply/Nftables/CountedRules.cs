using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// Which rules the table has, for whoever reads its counters beside the sync loop. While rules are written it may have the old or the
/// new ones. Written by one thread, read by any.
/// </summary>
internal sealed class CountedRules
{
    private volatile Snapshot _now = new(null, null);

    /// <summary>Rules that the table has, or may have too; both null before the first are written.</summary>
    public sealed record Snapshot(FamilyRules? Rules, FamilyRules? Others);

    /// <summary>What the table has now.</summary>
    public Snapshot Now => _now;

    /// <summary>New rules are about to be written.</summary>
    public void Begin(FamilyRules rules) => _now = _now with { Others = rules };

    /// <summary>They were refused: the table is as it was.</summary>
    public void Refused() => _now = _now with { Others = null };

    /// <summary>They were written.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="stale">Earlier rules whose counters are still there; null if those that do not fit the new rules are gone.</param>
    public void Written(FamilyRules rules, FamilyRules? stale) => _now = new(rules, stale);
}
