using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <content>Whole transactions.</content>
internal ref partial struct NftWriter<TEncoder>
{
    /// <summary>The whole table in place of whatever is there.</summary>
    public void Full()
    {
        _encoder.AddTable();
        _encoder.DeleteTable();
        Content();
    }

    /// <summary>The whole table, with what is worth keeping of the one that is there.</summary>
    public void Replacement(NftTableContent existing)
    {
        // Rules first: they hold sets and chains. Chains are not deleted here: kernels before 6.2 release the references
        // of map elements only after the commit (spec 6.8). Base chains have none, and may differ in hook or priority.
        _encoder.FlushTable();
        foreach (string chain in existing.BaseChains)
        {
            _encoder.DeleteChain(chain);
        }

        HashSet<string> kept = TableNames.KeptSets(_rules, _options);
        foreach (string set in existing.Sets)
        {
            if (!kept.Contains(set))
            {
                _encoder.DeleteSet(set);
            }
        }

        foreach (string map in existing.Maps)
        {
            _encoder.DeleteMap(map);
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
        NodePortAddresses(Settings.NodePortAddresses.Addresses, isDeleted: false);
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
        _encoder.FlushChain("cluster-ips-check"u8);
        ClusterIPsRules();
        _encoder.FlushChain("nodeport-endpoints-check"u8);
        NodePortEndpointsRules();
        _encoder.FlushChain("services"u8);
        ServicesRules();
        if (change.Before.Settings.Egress != Settings.Egress && Settings.Egress is { } egress)
        {
            _encoder.FlushChain(EgressChain);
            EgressRules(egress);
        }

        EquatableArray<IpAddress> before = change.Before.Settings.NodePortAddresses.Addresses;
        EquatableArray<IpAddress> after = change.After.Settings.NodePortAddresses.Addresses;
        NodePortAddresses(Except(before, after), isDeleted: true);
        NodePortAddresses(Except(after, before), isDeleted: false);
    }

    private static EquatableArray<IpAddress> Except(EquatableArray<IpAddress> from, EquatableArray<IpAddress> taken) =>
        EquatableArray.Adopt<IpAddress>([.. from.AsSpan().ToArray().Except(taken.AsSpan().ToArray())]);

    /// <summary>What is deleted belongs to no Service: if the kernel refuses that, the table is not what it is thought to be.</summary>
    private void UpdateSets(FamilyChange change)
    {
        SetElements(change.ClusterIPs.Removed, change.LocalTargets.Removed, isDeleted: true, null);
        SetElements(change.ClusterIPs.Added, change.LocalTargets.Added, isDeleted: false, _encoder.NamesServices ? new SetElementOwners(change) : null);
    }

    private void SetElements(EquatableArray<IpAddress> clusterIPs, EquatableArray<LocalTarget> hairpins, bool isDeleted, SetElementOwners? owners)
    {
        _encoder.BeginElements("cluster-ips"u8, SetKeys.Address, isDeleted);
        foreach (IpAddress address in clusterIPs)
        {
            BeginOwner(owners?.Find(address));
            Address(address);
        }

        _encoder.EndService();
        _encoder.EndElements();
        _encoder.BeginElements("hairpin-connections"u8, SetKeys.Connection, isDeleted);
        foreach (LocalTarget target in hairpins)
        {
            BeginOwner(owners?.Find(target));
            Hairpin(target);
        }

        _encoder.EndService();
        _encoder.EndElements();
    }

    private void BeginOwner(NamespacedName? service)
    {
        if (service is { } owner)
        {
            _encoder.BeginService(owner);
        }
        else
        {
            _encoder.EndService();
        }
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

        Write(difference.Deleted, map, protocol, isDeleted: true);
        Write(difference.Added, map, protocol, isDeleted: false);
    }

    private void Write(List<ElementDifference.Element> elements, ElementMap map, TransportProtocol? protocol, bool isDeleted)
    {
        _isDeleting = isDeleted;
        _encoder.BeginElements(map.Name(protocol), map.Key(), isDeleted);
        foreach (ElementDifference.Element element in elements)
        {
            BeginOwner(isDeleted ? null : element.Port.Name.Service);
            Take(element.Port, element.Key, element.Value);
        }

        _encoder.EndService();
        _encoder.EndElements();
        _isDeleting = false;
    }

    private void FlushStaleChains(FamilyChange change)
    {
        foreach (string chain in StaleObjects.PortChains(change))
        {
            _encoder.FlushChain(chain);
        }
    }

    private void DeleteStaleSets(FamilyChange change)
    {
        foreach (string set in StaleObjects.Sets(change))
        {
            _encoder.DeleteSet(set);
        }
    }
}
