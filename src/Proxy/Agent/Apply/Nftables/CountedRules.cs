using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// Which rules the table has, for whoever reads its counters beside the sync loop. While rules are written it may have the old or the
/// new ones. Written by one thread, read by any.
/// </summary>
internal sealed class CountedRules
{
    private volatile Snapshot _now = new(null, null, null);

    /// <summary>What is known of the table.</summary>
    /// <param name="Rules">The rules that it has; null before the first are written.</param>
    /// <param name="Others">Those that it may have too, because they are being written.</param>
    /// <param name="Stale">Earlier rules, counters of whose frontends are still there; null for none.</param>
    public sealed record Snapshot(FamilyRules? Rules, FamilyRules? Others, FamilyRules? Stale);

    /// <summary>What the table has now.</summary>
    public Snapshot Now => _now;

    /// <summary>New rules are about to be written.</summary>
    public void Begin(FamilyRules rules) => _now = _now with { Others = rules };

    /// <summary>They were refused: the table is as it was.</summary>
    public void Refused() => _now = _now with { Others = null };

    /// <summary>They were written.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="isClean">Whether the counters that do not fit them are gone.</param>
    public void Written(FamilyRules rules, bool isClean) => _now = new(rules, null, isClean ? null : _now.Stale ?? _now.Rules);
}
