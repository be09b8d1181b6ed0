using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Selection;

/// <summary>Numbers the endpoints of a group 0 to n-1 so that as few as possible change their number.</summary>
internal static class SlotOrder
{
    /// <summary>
    /// The new group by slot. Endpoints that stay keep their slots; a slot that becomes free is taken by an endpoint whose
    /// slot no longer exists, or by a new one.
    /// </summary>
    /// <param name="old">The old group by slot.</param>
    /// <param name="group">The new group in the order of rules.</param>
    public static EquatableArray<Endpoint> Carry(EquatableArray<Endpoint> old, EquatableArray<Endpoint> group)
    {
        if (old.IsEmpty || group.IsEmpty || old == group)
        {
            return group;
        }

        Dictionary<EndpointAddress, Endpoint> unplaced = new(group.Length);
        foreach (Endpoint endpoint in group)
        {
            unplaced.Add(endpoint.Target, endpoint);
        }

        Endpoint[] slots = new Endpoint[group.Length];
        List<int> free = [];
        for (int slot = 0; slot < slots.Length; slot++)
        {
            if (slot >= old.Length || !unplaced.Remove(old[slot].Target, out slots[slot]))
            {
                free.Add(slot);
            }
        }

        int next = 0;
        for (int slot = slots.Length; slot < old.Length; slot++)
        {
            if (unplaced.Remove(old[slot].Target, out Endpoint moved))
            {
                slots[free[next++]] = moved;
            }
        }

        foreach (Endpoint endpoint in group)
        {
            if (unplaced.ContainsKey(endpoint.Target))
            {
                slots[free[next++]] = endpoint;
            }
        }

        return slots.AsSpan().SequenceEqual(group.AsSpan()) ? group : EquatableArray.Adopt(slots);
    }
}
