using System.Collections.Immutable;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>All that determines the rules of one family: an immutable snapshot, which shares unchanged parts with the one before.</summary>
public sealed class FamilyRules
{
    /// <summary>Above this number of endpoints the iptables back end leaves comments out (spec 5.10).</summary>
    public const int LargeClusterThreshold = 1000;

    internal FamilyRules(
        NodeSettings settings,
        ImmutableSortedDictionary<NamespacedName, ServiceRules> services,
        int endpointCount,
        EquatableArray<FrontendShape> shapes)
    {
        Settings = settings;
        Services = services;
        EndpointCount = endpointCount;
        Shapes = shapes;
    }

    /// <summary>The family.</summary>
    public IpFamily Family => Settings.Family;

    /// <summary>What all rules of the node share.</summary>
    public NodeSettings Settings { get; }

    /// <summary>The Services that have a cluster IP of this family, ordered by namespace and name.</summary>
    public ImmutableSortedDictionary<NamespacedName, ServiceRules> Services { get; }

    /// <summary>Number of endpoints of all service ports in any condition.</summary>
    public int EndpointCount { get; }

    /// <summary>The shapes of all frontends without session affinity that traffic is forwarded from, ordered.</summary>
    public EquatableArray<FrontendShape> Shapes { get; }

    /// <summary>Whether the cluster has more endpoints than <see cref="LargeClusterThreshold"/>.</summary>
    public bool IsLargeCluster => EndpointCount > LargeClusterThreshold;

    /// <summary>
    /// The snapshot with some of its Services only, to look at these at little cost. What all rules share stays as it is, chains for
    /// the shapes of other Services too.
    /// </summary>
    /// <param name="isKept">Whether a Service stays.</param>
    public FamilyRules Only(Func<ServiceRules, bool> isKept)
    {
        ImmutableSortedDictionary<NamespacedName, ServiceRules>.Builder kept = ImmutableSortedDictionary.CreateBuilder<NamespacedName, ServiceRules>();
        foreach ((NamespacedName name, ServiceRules service) in Services)
        {
            if (isKept(service))
            {
                kept.Add(name, service);
            }
        }

        return new(Settings, kept.ToImmutable(), EndpointCount, Shapes);
    }

    /// <summary>
    /// Whether both snapshots make the same rules. Slots may differ: they depend on the order of earlier updates.
    /// </summary>
    public bool HasSameContentAs(FamilyRules other)
    {
        if (Settings != other.Settings || EndpointCount != other.EndpointCount || Services.Count != other.Services.Count)
        {
            return false;
        }

        foreach ((NamespacedName name, ServiceRules service) in Services)
        {
            if (!other.Services.TryGetValue(name, out ServiceRules? theirs) || !service.HasSameContentAs(theirs))
            {
                return false;
            }
        }

        return true;
    }
}
