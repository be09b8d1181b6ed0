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
    /// <param name="before">Those that it had before, as far as they are known.</param>
    /// <returns>The elements, and null or why some may be missing.</returns>
    public static (List<CountedElement> Elements, string? Error) Find(INetworkNamespace network, FamilyRules after, IEnumerable<FamilyRules?> before)
    {
        FrontendOwners? ownersAfter = null;
        FrontendOwners[]? ownersBefore = null;
        return Find(network, after, element =>
        {
            ownersAfter ??= new(after);
            if (!ownersAfter.TryFind(element.Key, out FrontendOwner now))
            {
                return true;
            }

            ownersBefore ??= [.. before.OfType<FamilyRules>().Select(static rules => new FrontendOwners(rules))];
            return Array.Exists(ownersBefore, owners => owners.TryFind(element.Key, out FrontendOwner then) && !IsSameCounter(element.Set, then, now));
        });
    }

    /// <summary>After an update. Of most updates nothing is read: they change endpoints only.</summary>
    /// <param name="network">Where the table is.</param>
    /// <param name="change">What was written.</param>
    /// <param name="left">Earlier rules, counters of whose frontends are still there; null for none.</param>
    /// <returns>The elements, and null or why some may be missing.</returns>
    public static (List<CountedElement> Elements, string? Error) Find(INetworkNamespace network, FamilyChange change, FamilyRules? left) =>
        left is not null || MayLoseFrontends(change) ? Find(network, change.After, [change.Before, left]) : ([], null);

    private static bool MayLoseFrontends(FamilyChange change)
    {
        foreach (ServicePortChange port in change.Ports)
        {
            if (port.Old is { } old && !(port.New is { } current && current.Spec == old.Spec && current.Shadowed == old.Shadowed))
            {
                return true;
            }
        }

        return false;
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

    private static bool IsOfOneGroup(string set) => set is CountingSets.SentToCluster or CountingSets.SentToLocal;
}
