using KubeProxySharp.Conntrack.Flows;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>
/// Is asked just before a flow is deleted. Rules may change while a pass is under way; what is deleted must be stale by the
/// newest ones.
/// </summary>
public interface IDeletionGuard
{
    /// <summary>Called before a flow that was found stale is judged again: newer rules are taken over, if there are any.</summary>
    /// <returns>Whether there were any. Frontends that went away are then remembered for one more pass.</returns>
    bool TakeOverRules();

    /// <summary>Whether a flow that is stale may be deleted now.</summary>
    bool MayDelete(in ConntrackEntry entry);

    /// <summary>A flow that might be deleted was there and is gone now.</summary>
    void Deleted(in ConntrackEntry entry);
}
