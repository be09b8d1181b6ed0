using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Selection;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>Counts, for one family, how many service ports use each cluster IP, local endpoint and frontend shape.</summary>
internal sealed class FamilyUsage
{
    private readonly UsageCounter<IpAddress> _clusterIPs = new();
    private readonly UsageCounter<LocalTarget> _localTargets = new();
    private readonly UsageCounter<FrontendShape> _shapes = new();

    public void Add(ServiceRules? service) => Count(service, isAdded: true);

    public void Remove(ServiceRules? service) => Count(service, isAdded: false);

    public (UsageDelta<IpAddress> ClusterIPs, UsageDelta<LocalTarget> LocalTargets) TakeDelta() =>
        (_clusterIPs.TakeDelta(), _localTargets.TakeDelta());

    /// <summary>The shapes in use, ordered; the known list itself when none was added or removed since the last call.</summary>
    public EquatableArray<FrontendShape> Shapes(EquatableArray<FrontendShape> known)
    {
        UsageDelta<FrontendShape> delta = _shapes.TakeDelta();
        if (delta.Added.IsEmpty && delta.Removed.IsEmpty)
        {
            return known;
        }

        SortedSet<FrontendShape> shapes = [.. known.AsSpan()];
        shapes.ExceptWith(delta.Removed.AsSpan().ToArray());
        shapes.UnionWith(delta.Added.AsSpan().ToArray());
        return EquatableArray.Adopt<FrontendShape>([.. shapes]);
    }

    private static void Count<T>(UsageCounter<T> counter, T item, bool isAdded)
        where T : notnull, IComparable<T>
    {
        if (isAdded)
        {
            counter.Add(item);
        }
        else
        {
            counter.Remove(item);
        }
    }

    private void Count(ServiceRules? service, bool isAdded)
    {
        if (service is null)
        {
            return;
        }

        foreach (ServicePortRules port in service.Ports)
        {
            Count(_clusterIPs, port.Spec.ClusterIP, isAdded);
            foreach (Endpoint endpoint in port.Endpoints.Reachable)
            {
                if (endpoint.IsLocal)
                {
                    Count(_localTargets, new LocalTarget(endpoint.Target, port.Name.Protocol), isAdded);
                }
            }

            for (int index = 0; index < port.FrontendCount; index++)
            {
                Frontend frontend = port.FrontendAt(index);
                if (!port.Spec.HasAffinity && port.Forwards(frontend) && port.Owns(frontend))
                {
                    Count(_shapes, FrontendShape.Of(port, frontend.Kind), isAdded);
                }
            }
        }
    }
}

/// <summary>An endpoint on this node that traffic can reach: it may connect to itself through its Service (hairpin).</summary>
/// <param name="Address">The endpoint.</param>
/// <param name="Protocol">The protocol.</param>
public readonly record struct LocalTarget(EndpointAddress Address, TransportProtocol Protocol) : IComparable<LocalTarget>
{
    /// <inheritdoc/>
    public int CompareTo(LocalTarget other)
    {
        int byAddress = Address.Address.CompareTo(other.Address.Address);
        return byAddress != 0 ? byAddress : (Address.Port, Protocol).CompareTo((other.Address.Port, other.Protocol));
    }
}
