using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// Finds the elements of counting sets that are to be removed when rules have changed: of frontends that are gone or went to another
/// service port, which must not begin with the count of the one before.
/// </summary>
internal static class StaleCounters
{
    /// <summary>Whether a counter goes on when the owner of its frontend changes.</summary>
    public static bool IsSameCounter(string set, FrontendOwner before, FrontendOwner after) => IsOfOneGroup(set) ? before.ServicePort == after.ServicePort : before == after;

    /// <summary>After a full transaction.</summary>
    /// <param name="network">Where the table is.</param>
    /// <param name="after">The rules that it has.</param>
    /// <param name="before">Those that it had before; null if that is not known.</param>
    /// <returns>The elements, and null or why some may be missing.</returns>
    public static (List<CountedElement> Elements, string? Error) Find(INetworkNamespace network, FamilyRules after, FamilyRules? before)
    {
        FrontendOwners? ownersAfter = null;
        FrontendOwners? ownersBefore = null;
        return Find(network, after, element =>
        {
            ownersAfter ??= new(after);
            if (!ownersAfter.TryFind(element.Key, out FrontendOwner now))
            {
                return true;
            }

            if (before is null)
            {
                return false;
            }

            ownersBefore ??= new(before);
            return ownersBefore.TryFind(element.Key, out FrontendOwner then) && !IsSameCounter(element.Set, then, now);
        });
    }

    /// <summary>After an update. Of most updates nothing is read: they change endpoints only.</summary>
    /// <param name="network">Where the table is.</param>
    /// <param name="change">What was written.</param>
    /// <returns>The elements, and null or why some may be missing.</returns>
    public static (List<CountedElement> Elements, string? Error) Find(INetworkNamespace network, FamilyChange change)
    {
        Dictionary<CountedKey, bool> removed = [];
        foreach (ServicePortChange port in change.Ports)
        {
            if (port.Old is { } old && !(port.New is { } current && current.Spec == old.Spec && current.Shadowed == old.Shadowed))
            {
                AddRemoved(old, port.New, removed);
            }
        }

        return removed.Count == 0 ? ([], null) : Find(network, change.After, element =>
            (removed.TryGetValue(element.Key, out bool isPolicyAlone) || removed.TryGetValue(FrontendOwners.NodePort(element.Key), out isPolicyAlone))
            && !(isPolicyAlone && IsOfOneGroup(element.Set)));
    }

    private static (List<CountedElement> Elements, string? Error) Find(INetworkNamespace network, FamilyRules rules, Predicate<CountedElement> isStale)
    {
        CounterReading reading = new(rules.Family, network);
        string? error = reading.Read();
        List<CountedElement> stale = [];
        foreach ((CountedElement element, _) in reading.Counters)
        {
            if (isStale(element))
            {
                stale.Add(element);
            }
        }

        return (stale, error);
    }

    /// <summary>Adds the frontends that a service port no longer has, and whether it has them still but with another policy.</summary>
    private static void AddRemoved(ServicePortRules old, ServicePortRules? current, Dictionary<CountedKey, bool> removed)
    {
        for (int index = 0; index < old.FrontendCount; index++)
        {
            Frontend frontend = old.FrontendAt(index);
            if (!old.Owns(frontend))
            {
                continue;
            }

            CountedKey key = FrontendOwners.Key(old, frontend);
            Frontend? kept = current is null ? null : Find(current, key);
            if (kept is null || current!.PolicyOf(kept.Value).Policy != old.PolicyOf(frontend).Policy) // null has no frontends
            {
                removed.TryAdd(key, kept is not null);
            }
        }
    }

    private static Frontend? Find(ServicePortRules port, CountedKey key)
    {
        for (int index = 0; index < port.FrontendCount; index++)
        {
            Frontend frontend = port.FrontendAt(index);
            if (port.Owns(frontend) && FrontendOwners.Key(port, frontend) == key)
            {
                return frontend;
            }
        }

        return null;
    }

    private static bool IsOfOneGroup(string set) => set is CountingSets.SentToCluster or CountingSets.SentToLocal;
}
