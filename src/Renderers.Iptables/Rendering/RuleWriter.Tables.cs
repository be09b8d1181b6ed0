using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <content>Whole tables, in the order in which iptables-save lists chains: built-in ones by hook, then by name.</content>
internal ref partial struct RuleWriter
{
    public void MangleListing()
    {
        BeginTable("mangle"u8);
        DeclareBuiltIn("PREROUTING"u8);
        DeclareBuiltIn("INPUT"u8);
        DeclareBuiltIn("FORWARD"u8);
        DeclareBuiltIn("OUTPUT"u8);
        DeclareBuiltIn("POSTROUTING"u8);
        Declare("KUBE-PROXY-CANARY"u8);
        EndTable();
    }

    public void FilterListing()
    {
        BeginTable("filter"u8);
        DeclareBuiltIn("INPUT"u8);
        DeclareBuiltIn("FORWARD"u8);
        DeclareBuiltIn("OUTPUT"u8);
        Declare("KUBE-EXTERNAL-SERVICES"u8);
        Declare("KUBE-FIREWALL"u8);
        Declare("KUBE-FORWARD"u8);
        Declare("KUBE-NODEPORTS"u8);
        Declare("KUBE-PROXY-CANARY"u8);
        Declare("KUBE-PROXY-FIREWALL"u8);
        Declare("KUBE-SERVICES"u8);
        _text.Write(JumpRules.Filter);
        FilterRules();
        EndTable();
    }

    /// <summary>The filter table for a restore with <c>--noflush</c>: only chains of this program that are not shared.</summary>
    public void FilterRestore(RestoreAdditions additions)
    {
        BeginTable("filter"u8);
        Declare("KUBE-EXTERNAL-SERVICES"u8);
        if (WritesFirewall || additions.MakesSharedChain)
        {
            Declare("KUBE-FIREWALL"u8);
        }

        Declare("KUBE-FORWARD"u8);
        Declare("KUBE-NODEPORTS"u8);
        if (additions.MakesCanaries)
        {
            Declare("KUBE-PROXY-CANARY"u8);
        }

        Declare("KUBE-PROXY-FIREWALL"u8);
        Declare("KUBE-SERVICES"u8);
        InsertJumps("filter", additions);
        FilterRules();
        EndTable();
    }

    public void NatListing(ChainTable chains)
    {
        BeginTable("nat"u8);
        DeclareBuiltIn("PREROUTING"u8);
        DeclareBuiltIn("INPUT"u8);
        DeclareBuiltIn("OUTPUT"u8);
        DeclareBuiltIn("POSTROUTING"u8);
        DeclareNatChains(chains, withCanary: true, SharedChains.All);
        _text.Write(JumpRules.Nat);
        _text.Write(Settings.Egress is null ? default : JumpRules.Egress);
        NatRules(chains, SharedChains.All);
        EndTable();
    }

    /// <summary>The nat table for a restore with <c>--noflush</c>: shared chains, the given service ports, and deletions.</summary>
    public void NatRestore(ChainTable chains, ReadOnlySpan<ChainName> stale, RestoreAdditions additions, SharedChains shared)
    {
        BeginTable("nat"u8);
        DeclareNatChains(chains, additions.MakesCanaries, shared);
        foreach (ChainName chain in stale)
        {
            // Declaring a chain flushes it, so that it can be deleted.
            Declare(chain);
        }

        if (additions.RemovesEgressChain)
        {
            Declare("KUBE-EGRESS-MASQ"u8);
        }

        InsertJumps("nat", additions);
        DeleteEgressJumps(additions);
        NatRules(chains, shared);
        foreach (ChainName chain in stale)
        {
            _text.Write("-X "u8);
            NameText(chain);
            _text.WriteAscii((byte)'\n');
        }

        _text.Write(additions.RemovesEgressChain ? "-X KUBE-EGRESS-MASQ\n"u8 : default);
        EndTable();
    }

    /// <summary>A comment line with a number.</summary>
    public void Mark(int number)
    {
        _text.Write("# "u8);
        _text.Write(number);
        _text.WriteAscii((byte)'\n');
    }

    /// <summary>Rules of some service ports on top of shared chains that are there.</summary>
    public void Trial(ChainTable chains, bool hasFilterRules)
    {
        if (hasFilterRules)
        {
            BeginTable("filter"u8);
            FilterDispatchRules();
            EndTable();
        }

        BeginTable("nat"u8);
        DeclareNatChains(chains, withCanary: false, SharedChains.None);
        NatDispatchRules();
        PortRules(chains);
        EndTable();
    }

    private void DeleteEgressJumps(RestoreAdditions additions)
    {
        for (int count = 0; count < additions.SurplusEgressJumps; count++)
        {
            _text.Write("-D POSTROUTING "u8);
            _text.Write(JumpRule.Egress.Specification);
            _text.WriteAscii((byte)'\n');
        }
    }

    private void InsertJumps(string table, RestoreAdditions additions)
    {
        foreach (JumpRule jump in additions.Jumps)
        {
            if (jump.Table == table)
            {
                _text.Write(jump.IsAppended ? "-A "u8 : "-I "u8);
                _text.Write(jump.Chain);
                _text.WriteAscii((byte)' ');
                _text.Write(jump.Specification);
                _text.WriteAscii((byte)'\n');
            }
        }
    }

    private void FilterRules()
    {
        int before = _ruleCount;
        ExternalServicesRules();
        FirewallRules();
        ForwardRules();
        HealthCheckRules();
        ProxyFirewallRules();
        RefusedClusterIPRules();
        _filterRules += _ruleCount - before;
    }

    private void DeclareNatChains(ChainTable chains, bool withCanary, SharedChains shared)
    {
        if (shared == SharedChains.All && Settings.Egress is not null)
        {
            Declare("KUBE-EGRESS-MASQ"u8);
        }

        DeclarePortChains(chains, ChainKind.External);
        DeclarePortChains(chains, ChainKind.Firewall);
        if (shared != SharedChains.None)
        {
            Declare("KUBE-MARK-MASQ"u8);
        }

        if (shared == SharedChains.All)
        {
            Declare("KUBE-NODEPORTS"u8);
            Declare("KUBE-POSTROUTING"u8);
        }

        if (withCanary)
        {
            Declare("KUBE-PROXY-CANARY"u8);
        }

        foreach (int endpoint in chains.EndpointsByName)
        {
            Declare(new ChainName(ChainKind.Endpoint, chains.EndpointHash(endpoint)));
        }

        if (shared == SharedChains.All)
        {
            Declare("KUBE-SERVICES"u8);
        }

        DeclarePortChains(chains, ChainKind.Service);
        DeclarePortChains(chains, ChainKind.Local);
    }

    private void DeclarePortChains(ChainTable chains, ChainKind kind)
    {
        foreach (int port in chains.PortsByName)
        {
            if (ChainTable.Has(chains.Port(port), kind))
            {
                Declare(new ChainName(kind, chains.PortHash(port)));
            }
        }
    }

    private void NatRules(ChainTable chains, SharedChains shared)
    {
        int before = _ruleCount;
        if (shared == SharedChains.All && Settings.Egress is { } egress)
        {
            EgressRules(egress);
            _sharedNatRules += _ruleCount - before;
        }

        PortChains(chains, ChainKind.External);
        PortChains(chains, ChainKind.Firewall);
        before = _ruleCount;
        if (shared != SharedChains.None)
        {
            MarkMasqueradeRules();
        }

        if (shared == SharedChains.All)
        {
            NodePortsRules();
            PostroutingRules();
            _sharedNatRules += _ruleCount - before;
        }
        else
        {
            _ruleCount = before; // the mark is written again, and counted, with the dispatch chains
        }

        EndpointChains(chains);
        if (shared == SharedChains.All)
        {
            before = _ruleCount;
            ServicesRules();
            _sharedNatRules += _ruleCount - before;
        }

        PortChains(chains, ChainKind.Service);
        PortChains(chains, ChainKind.Local);
    }

    /// <summary>The rules of the filter table that depend on Services, to compare them.</summary>
    public void FilterDispatchRules()
    {
        ExternalServicesRules();
        HealthCheckRules();
        ProxyFirewallRules();
        RefusedClusterIPRules();
    }

    /// <summary>The rules of the nat table's dispatch chains that depend on Services, to compare them.</summary>
    public void NatDispatchRules()
    {
        NodePortsRules();
        ServicesRules();
    }

    /// <summary>The rules in the chains of service ports.</summary>
    public void PortRules(ChainTable chains)
    {
        PortChains(chains, ChainKind.External);
        PortChains(chains, ChainKind.Firewall);
        EndpointChains(chains);
        PortChains(chains, ChainKind.Service);
        PortChains(chains, ChainKind.Local);
    }

    private void EndpointChains(ChainTable chains)
    {
        foreach (int endpoint in chains.EndpointsByName)
        {
            (int port, int position) = chains.OwnerOf(endpoint);
            EndpointChain(chains.Port(port), chains.Port(port).Endpoints.Reachable[position], chains.EndpointHash(endpoint));
        }
    }

    private void PortChains(ChainTable chains, ChainKind kind)
    {
        foreach (int index in chains.PortsByName)
        {
            ServicePortRules port = chains.Port(index);
            if (!ChainTable.Has(port, kind))
            {
                continue;
            }

            ChainHash hash = chains.PortHash(index);
            switch (kind)
            {
                case ChainKind.External:
                    ExternalChain(port, hash);
                    break;
                case ChainKind.Firewall:
                    FirewallChain(port, hash);
                    break;
                case ChainKind.Service:
                    GroupChain(port, TrafficPolicy.Cluster, hash, chains.EndpointHashes(index));
                    break;
                default:
                    GroupChain(port, TrafficPolicy.Local, hash, chains.EndpointHashes(index));
                    break;
            }
        }
    }
}

/// <summary>The chains of the nat table that belong to no service port, as far as a restore writes them.</summary>
internal enum SharedChains
{
    /// <summary>None: they are there, and no rule of them changes.</summary>
    None,

    /// <summary>KUBE-MARK-MASQ, which chains of service ports jump to.</summary>
    Mark,

    /// <summary>All: the dispatch chains and KUBE-POSTROUTING too.</summary>
    All,
}
