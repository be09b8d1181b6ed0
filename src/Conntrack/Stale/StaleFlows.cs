using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>
/// Decides which flows the present rules would not create (spec 8.2). It has no side effects. One thread at a time may use it,
/// so the thread that cleans up also applies the changes. It differs from kube-proxy's clean-up:
/// <list type="bullet">
/// <item>SCTP is checked, and TCP on request. A connection is stale only when its endpoint left the service port, not when the
/// endpoint is unready or terminating. UDP needs a serving endpoint, as in kube-proxy.</item>
/// <item>Flows to endpoints of a service port that no longer has any are stale, and so are those through removed frontends;
/// kube-proxy keeps both.</item>
/// <item>A node port is matched only at the addresses that answer node ports, not at any address.</item>
/// <item>Flows in other zones than the default one are foreign: software that uses zones (Open vSwitch) may have flows to
/// frontends there that these rules did not create, and removes them itself.</item>
/// </list>
/// </summary>
public sealed class StaleFlows
{
    private readonly FamilyFlowIndex _ipv4;
    private readonly FamilyFlowIndex _ipv6;
    private readonly bool _countsFlows;
    private HashSet<IpAddress> _localAddresses = [];

    /// <summary>Builds the index of a model.</summary>
    /// <param name="model">The rules as they are in the kernel.</param>
    /// <param name="includesTcp">Whether TCP connections are checked too.</param>
    /// <param name="countsFlows">Whether flows that go to endpoints are counted, those of TCP too.</param>
    public StaleFlows(RuleModelSnapshot model, bool includesTcp = false, bool countsFlows = false)
    {
        IncludesTcp = includesTcp;
        _countsFlows = countsFlows;
        _ipv4 = new(includesTcp || countsFlows);
        _ipv6 = new(includesTcp || countsFlows);
        Update(model);
    }

    /// <summary>Whether TCP connections can be stale.</summary>
    public bool IncludesTcp { get; }

    /// <summary>Number of frontends in the index, of both families.</summary>
    public int FrontendCount => _ipv4.LiveCount + _ipv6.LiveCount;

    /// <summary>Number of removed frontends, which are remembered until <see cref="ForgetGone"/>.</summary>
    public int GoneFrontendCount => _ipv4.GoneCount + _ipv6.GoneCount;

    /// <summary>Number of removed frontends that were not remembered because there were too many; their flows end by their time-outs.</summary>
    public long ForgottenFrontends => _ipv4.Forgotten + _ipv6.Forgotten;

    /// <summary>Number of updates of the rules: a pass may have missed flows of frontends that were removed during it.</summary>
    internal long UpdateCount { get; private set; }

    /// <summary>
    /// Sets the addresses of this node. Where all of them answer node ports, flows to node ports are recognised by them; until
    /// they are known, only flows to the node's primary address and to loopback are recognised.
    /// </summary>
    public void SetLocalAddresses(IEnumerable<IpAddress> addresses) => _localAddresses = [.. addresses];

    /// <summary>Updates the index to new rules by comparing all Services.</summary>
    public void Update(RuleModelSnapshot after)
    {
        UpdateCount++;
        _ipv4.Update(after.IPv4);
        _ipv6.Update(after.IPv6);
    }

    /// <summary>Updates the index by a change, at a cost that follows the change.</summary>
    /// <param name="change">The change; if it does not start from the rules of the last update, all Services are compared.</param>
    /// <param name="changed">
    /// The Services that were built again for it. The change itself does not name those whose rules stayed the same while an
    /// endpoint that receives no packets was added, was removed or stopped serving.
    /// </param>
    public void Update(RuleModelChange change, IReadOnlyCollection<NamespacedName> changed)
    {
        UpdateCount++;
        Update(_ipv4, change.IPv4, changed);
        Update(_ipv6, change.IPv6, changed);
    }

    /// <summary>Forgets the removed frontends, after a pass that saw the whole table.</summary>
    public void ForgetGone()
    {
        _ipv4.ForgetGone();
        _ipv6.ForgetGone();
    }

    /// <summary>Resets the counts of the flows of a family and protocol.</summary>
    public void BeginCount(IpFamily family, TransportProtocol protocol)
    {
        if (_countsFlows)
        {
            (family == IpFamily.IPv4 ? _ipv4 : _ipv6).BeginCount(protocol);
        }
    }

    /// <summary>The service ports with the most counted flows, in descending order.</summary>
    /// <param name="limit">The largest number of service ports to return.</param>
    public IReadOnlyList<ServiceFlowCount> Largest(int limit)
    {
        List<ServiceFlowCount> counts = [];
        _ipv4.CollectCounts(IpFamily.IPv4, counts);
        _ipv6.CollectCounts(IpFamily.IPv6, counts);
        counts.Sort(static (left, right) => left.Flows != right.Flows ? right.Flows.CompareTo(left.Flows) : left.Name.CompareTo(right.Name));
        return counts.Count <= limit ? counts : counts.GetRange(0, limit);
    }

    /// <summary>Whether flows of a family and protocol can be other than foreign: some Service has such a port.</summary>
    public bool HasFrontends(IpFamily family, TransportProtocol protocol) => (family == IpFamily.IPv4 ? _ipv4 : _ipv6).Has(protocol);

    /// <summary>Decides whether a flow is stale.</summary>
    public FlowVerdict Decide(in ConntrackEntry entry)
    {
        if (!IsOfInterest(entry))
        {
            return FlowVerdict.Foreign;
        }

        FamilyFlowIndex index = entry.Family == IpFamily.IPv4 ? _ipv4 : _ipv6;
        if (!index.TryFind(entry.Original, _localAddresses, out FlowTarget? target))
        {
            return FlowVerdict.Foreign;
        }

        // Packets go to the source of the answers, whatever else was translated (masquerading, hairpin).
        EndpointAddress destination = new(entry.Reply.Source, entry.Reply.SourcePort);
        if (target is not null && target.IsUsable(destination))
        {
            if (_countsFlows)
            {
                target.Flows++;
            }

            return FlowVerdict.Healthy;
        }

        if (entry.Protocol == (byte)TransportProtocol.Tcp && !IncludesTcp)
        {
            // Only counted.
            return FlowVerdict.Foreign;
        }

        return entry.IsDestinationTranslated ? DecideTranslated(entry, target) : DecideUntranslated(entry, target);
    }

    private static FlowVerdict DecideTranslated(in ConntrackEntry entry, FlowTarget? target)
    {
        // A closed connection carries no more data; its entry exists for late packets and expires soon.
        if (entry.TcpState is TcpState.TimeWait or TcpState.Close)
        {
            return FlowVerdict.Healthy;
        }

        return target is null ? FlowVerdict.ServiceGone
            : target.HasUsable ? FlowVerdict.EndpointGone
            : FlowVerdict.NoEndpoints;
    }

    private static FlowVerdict DecideUntranslated(in ConntrackEntry entry, FlowTarget? target)
    {
        if (target is null)
        {
            return FlowVerdict.Foreign;
        }

        // Without endpoints the rules reject such packets themselves. A connection that is answered works.
        bool isAnswered = entry.Protocol != (byte)TransportProtocol.Udp && entry.HasReply;
        return target.HasUsable && !isAnswered ? FlowVerdict.NotTranslated : FlowVerdict.Healthy;
    }

    private static void Update(FamilyFlowIndex index, FamilyChange change, IReadOnlyCollection<NamespacedName> changed)
    {
        if (!index.IsAt(change.Before))
        {
            index.Update(change.After);
            return;
        }

        HashSet<NamespacedName> names = [.. changed];
        foreach (ServicePortChange port in change.Ports)
        {
            names.Add(port.Name.Service);
        }

        index.Update(change.After, names);
    }

    private bool IsOfInterest(in ConntrackEntry entry) => entry.Zone == 0 && (TransportProtocol)entry.Protocol switch
    {
        TransportProtocol.Udp or TransportProtocol.Sctp => true,
        TransportProtocol.Tcp => IncludesTcp || _countsFlows,
        _ => false,
    };
}

/// <summary>How many flows a service port has.</summary>
/// <param name="Family">The family of the flows.</param>
/// <param name="Name">The service port.</param>
/// <param name="Flows">Flows that go to endpoints of it.</param>
public readonly record struct ServiceFlowCount(IpFamily Family, ServicePortName Name, long Flows);
