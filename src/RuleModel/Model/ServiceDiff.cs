using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>Finds the service ports whose rules differ.</summary>
internal static class ServiceDiff
{
    /// <summary>Compares two snapshots that were built independently.</summary>
    public static FamilyChange Compare(FamilyRules before, FamilyRules after)
    {
        List<ServicePortChange> changes = [];
        FamilyUsage usage = new();
        foreach (ServiceRules old in before.Services.Values)
        {
            usage.Add(old);
        }

        usage.TakeDelta();
        foreach ((NamespacedName name, ServiceRules old) in before.Services)
        {
            ServiceRules? current = after.Services.GetValueOrDefault(name);
            Collect(old, current, changes);
            usage.Remove(old);
            usage.Add(current);
        }

        foreach ((NamespacedName name, ServiceRules added) in after.Services)
        {
            if (!before.Services.ContainsKey(name))
            {
                Collect(null, added, changes);
                usage.Add(added);
            }
        }

        return Change(before, after, changes, usage);
    }

    /// <summary>Makes a change of the service ports that differ and of what <paramref name="usage"/> counted.</summary>
    public static FamilyChange Change(FamilyRules before, FamilyRules after, List<ServicePortChange> changes, FamilyUsage usage)
    {
        changes.Sort(static (left, right) => left.Name.CompareTo(right.Name));
        (UsageDelta<IpAddress> clusterIPs, UsageDelta<LocalTarget> localTargets) = usage.TakeDelta();
        return new(before, after, EquatableArray.CopyOf(changes)) { ClusterIPs = clusterIPs, LocalTargets = localTargets };
    }

    /// <summary>Merges the port lists of a Service, both ordered by name, and collects the ports whose rules differ.</summary>
    public static void Collect(ServiceRules? old, ServiceRules? current, List<ServicePortChange> changes)
    {
        ReadOnlySpan<ServicePortRules> before = old is null ? default : old.Ports.AsSpan();
        ReadOnlySpan<ServicePortRules> after = current is null ? default : current.Ports.AsSpan();
        while (!before.IsEmpty || !after.IsEmpty)
        {
            int order = before.IsEmpty ? 1 : after.IsEmpty ? -1 : before[0].Name.CompareTo(after[0].Name);
            ServicePortRules? was = order <= 0 ? before[0] : null;
            ServicePortRules? isNow = order >= 0 ? after[0] : null;
            if (was is null || isNow is null || !was.HasSameRulesAs(isNow))
            {
                changes.Add(new(was, isNow));
            }

            before = before[(was is null ? 0 : 1)..];
            after = after[(isNow is null ? 0 : 1)..];
        }
    }
}
