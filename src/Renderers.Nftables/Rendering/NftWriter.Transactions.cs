using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <content>Whole transactions.</content>
internal ref partial struct NftWriter
{
    /// <summary>The whole table in place of whatever is there.</summary>
    public void Full()
    {
        TableCommand("add table "u8);
        EndLine();
        TableCommand("delete table "u8);
        EndLine();
        Content();
    }

    /// <summary>The whole table, with what is worth keeping of the one that is there.</summary>
    public void Replacement(NftTableContent existing)
    {
        // Rules first: they hold sets and chains. Chains are not deleted here: kernels before 6.2 release the references
        // of map elements only after the commit (spec 6.8). Base chains have none, and may differ in hook or priority.
        TableCommand("flush table "u8);
        EndLine();
        foreach (string chain in existing.BaseChains)
        {
            CommandLine("delete chain"u8, chain);
        }

        HashSet<string> kept = TableNames.AffinitySets(_rules);
        foreach (string set in existing.Sets)
        {
            if (!kept.Contains(set))
            {
                CommandLine("delete set"u8, set);
            }
        }

        foreach (string map in existing.Maps)
        {
            CommandLine("delete map"u8, map);
        }

        Content();
    }

    private void Content()
    {
        Table();
        foreach (SharedChain chain in SharedChain.Needed(_rules.Shapes))
        {
            WriteSharedChain(chain);
        }

        foreach (KeyValuePair<NamespacedName, ServiceRules> service in _rules.Services)
        {
            foreach (ServicePortRules port in service.Value.Ports)
            {
                if (PortChains.Any(port))
                {
                    WritePortChains(port, known: null);
                }
            }
        }

        AllClusterIPs();
        NodePortIPs();
        AllHairpins();
        AllMapElements();
    }

    /// <summary>From the table of the older snapshot to that of the newer one, but for chains that are no longer needed.</summary>
    public void Update(FamilyChange change)
    {
        if (change.SettingsChanged)
        {
            UpdateSettings(change);
        }

        // Chains first, since elements refer to them; then elements go before others take their keys.
        SortedSet<SharedChain> known = SharedChain.Needed(change.Before.Shapes);
        foreach (SharedChain chain in SharedChain.Needed(change.After.Shapes))
        {
            if (!known.Contains(chain))
            {
                WriteSharedChain(chain);
            }
        }

        foreach (ServicePortChange port in change.Ports)
        {
            if (PortChains.Any(port.New))
            {
                WritePortChains(port.New!, port.Old); // Any says no for null
            }
        }

        UpdateSets(change);
        UpdateElements(change);
        FlushStaleChains(change);
        DeleteStaleSets(change);
    }

    private void UpdateSettings(FamilyChange change)
    {
        CommandLine("flush chain"u8, "cluster-ips-check");
        Span<byte> command = stackalloc byte[64];
        ClusterIPsRules(RuleCommand(command, "cluster-ips-check "u8));
        CommandLine("flush chain"u8, "nodeport-endpoints-check");
        NodePortEndpointsRules(RuleCommand(command, "nodeport-endpoints-check "u8));
        CommandLine("flush chain"u8, "services");
        ServicesRules(RuleCommand(command, "services "u8));

        _isDeleting = true;
        NodePortAddresses(Except(change.Before.Settings.NodePortAddresses.Addresses, change.After.Settings.NodePortAddresses.Addresses));
        _isDeleting = false;
        NodePortAddresses(Except(change.After.Settings.NodePortAddresses.Addresses, change.Before.Settings.NodePortAddresses.Addresses));
    }

    private readonly Span<byte> RuleCommand(Span<byte> buffer, scoped ReadOnlySpan<byte> chain)
    {
        ReadOnlySpan<byte> start = IsIPv4 ? "add rule ip kube-proxy "u8 : "add rule ip6 kube-proxy "u8;
        start.CopyTo(buffer);
        chain.CopyTo(buffer[start.Length..]);
        return buffer[..(start.Length + chain.Length)];
    }

    private static EquatableArray<IpAddress> Except(EquatableArray<IpAddress> from, EquatableArray<IpAddress> taken) =>
        EquatableArray.Adopt<IpAddress>([.. from.AsSpan().ToArray().Except(taken.AsSpan().ToArray())]);

    private void UpdateSets(FamilyChange change)
    {
        _isDeleting = true;
        SetElements(change.ClusterIPs.Removed, change.LocalTargets.Removed);
        _isDeleting = false;
        SetElements(change.ClusterIPs.Added, change.LocalTargets.Added);
    }

    private void SetElements(EquatableArray<IpAddress> clusterIPs, EquatableArray<LocalTarget> hairpins)
    {
        foreach (IpAddress address in clusterIPs)
        {
            SetElement("cluster-ips"u8, address);
        }

        EndBatch();
        foreach (LocalTarget target in hairpins)
        {
            Hairpin(target);
        }

        EndBatch();
    }

    private void UpdateElements(FamilyChange change)
    {
        foreach (ElementMap map in ElementMaps.All)
        {
            if (!map.HasSlots())
            {
                UpdateElements(change, map, protocol: null);
                continue;
            }

            foreach (TransportProtocol protocol in ElementMaps.Protocols)
            {
                UpdateElements(change, map, protocol);
            }
        }
    }

    private void UpdateElements(FamilyChange change, ElementMap map, TransportProtocol? protocol)
    {
        ElementDifference difference = new();
        foreach (ServicePortChange port in change.Ports)
        {
            if (protocol is null || port.Name.Protocol == protocol)
            {
                difference.Add(port.Old, port.New, map);
            }
        }

        _isDeleting = true;
        Write(difference.Deleted);
        _isDeleting = false;
        Write(difference.Added);
    }

    private void Write(List<ElementDifference.Element> elements)
    {
        foreach (ElementDifference.Element element in elements)
        {
            Take(element.Port, element.Key, element.Value);
        }

        EndBatch();
    }

    private void FlushStaleChains(FamilyChange change)
    {
        foreach (string chain in StaleObjects.PortChains(change))
        {
            CommandLine("flush chain"u8, chain);
        }
    }

    private void DeleteStaleSets(FamilyChange change)
    {
        foreach (string set in StaleObjects.Sets(change))
        {
            CommandLine("delete set"u8, set);
        }
    }
}
