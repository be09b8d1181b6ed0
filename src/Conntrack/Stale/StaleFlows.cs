using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>
/// Decides which flows the rules would not make any more (spec 8.2). Pure: it looks at values only. One thread at a time may
/// use it, so whoever cleans up also takes over the changes. It differs from kube-proxy's clean-up:
/// <list type="bullet">
/// <item>SCTP is looked at, and TCP when asked for. A connection is stale only when its endpoint left the service port; that
/// it is not ready, or terminates, does not matter. UDP needs a serving endpoint, as kube-proxy has it.</item>
/// <item>Flows to endpoints of a service port that has none any more are stale, and so are those through frontends that went
/// away; kube-proxy keeps both.</item>
/// <item>A node port is dialled only at the addresses that answer node ports, not at any address.</item>
/// <item>Flows in other zones than the default one are foreign: whoever keeps zones of its own (Open vSwitch) has flows to
/// frontends there that our rules did not make, and removes them itself.</item>
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
    /// <param name="includesTcp">Whether TCP connections are looked at too.</param>
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

    /// <summary>Number of frontends that went away and are remembered until <see cref="ForgetGone"/>.</summary>
    public int GoneFrontendCount => _ipv4.GoneCount + _ipv6.GoneCount;

    /// <summary>Number of frontends that went away but were too many to remember; their flows end by their time-outs.</summary>
    public long ForgottenFrontends => _ipv4.Forgotten + _ipv6.Forgotten;

    /// <summary>How often the rules were updated: a pass during which they were may have missed flows of frontends that went away.</summary>
    internal long UpdateCount { get; private set; }

    /// <summary>
    /// Says which addresses this node has. Where every one of them answers node ports, flows to node ports are recognised by
    /// them; as long as they are not known, only those to the node's primary address and to loopback are.
    /// </summary>
    public void SetLocalAddresses(IEnumerable<IpAddress> addresses) => _localAddresses = [.. addresses];

    /// <summary>Takes over new rules, finding out by itself what changed: a walk over all Services, but never wrong.</summary>
    public void Update(RuleModelSnapshot after)
    {
        UpdateCount++;
        _ipv4.Update(after.IPv4);
        _ipv6.Update(after.IPv6);
    }

    /// <summary>Takes over a change at the cost of what changed.</summary>
    /// <param name="change">The change; where it does not begin where the last one ended, all Services are walked over.</param>
    /// <param name="changed">
    /// The Services that were looked at for it. The change itself does not name those whose rules stayed the same while an
    /// endpoint that no packet is sent to came, went or stopped serving.
    /// </param>
    public void Update(RuleModelChange change, IReadOnlyCollection<NamespacedName> changed)
    {
        UpdateCount++;
        Update(_ipv4, change.IPv4, changed);
        Update(_ipv6, change.IPv6, changed);
    }

    /// <summary>Forgets the frontends that went away, after a pass that saw the whole table.</summary>
    public void ForgetGone()
    {
        _ipv4.ForgetGone();
        _ipv6.ForgetGone();
    }

    /// <summary>Begins to count the flows of a family and protocol anew.</summary>
    public void BeginCount(IpFamily family, TransportProtocol protocol)
    {
        if (_countsFlows)
        {
            (family == IpFamily.IPv4 ? _ipv4 : _ipv6).BeginCount(protocol);
        }
    }

    /// <summary>The service ports with the most flows, by what was counted; the most first.</summary>
    /// <param name="limit">The most to return.</param>
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

    /// <summary>Decides about a flow.</summary>
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

        // Where the packets go is where the answers come from, whatever else was translated (masquerading, hairpin).
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
        // A closed connection carries nothing any more; its entry is there for late packets and ends soon.
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

        // Without endpoints the rules refuse such packets themselves. A connection that somebody answers is not lost.
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
