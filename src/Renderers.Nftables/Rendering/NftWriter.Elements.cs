using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <content>Elements of sets and maps.</content>
internal ref partial struct NftWriter<TEncoder>
{
    /// <summary>All elements of all maps, of all Services.</summary>
    private void AllMapElements()
    {
        foreach (ElementMap map in ElementMaps.All)
        {
            if (!map.HasSlots())
            {
                MapElements(map, protocol: null);
                continue;
            }

            foreach (TransportProtocol protocol in ElementMaps.Protocols)
            {
                MapElements(map, protocol);
            }
        }
    }

    private void MapElements(ElementMap map, TransportProtocol? protocol)
    {
        _encoder.BeginElements(map.Name(protocol), map.Key(), isDeleted: false);
        foreach (KeyValuePair<NamespacedName, ServiceRules> service in _rules.Services)
        {
            _encoder.BeginService(service.Key);
            foreach (ServicePortRules port in service.Value.Ports)
            {
                if (protocol is null || port.Name.Protocol == protocol)
                {
                    PortElements.Visit(port, map, ref this);
                }
            }
        }

        _encoder.EndService();
        _encoder.EndElements();
    }

    private void AllClusterIPs()
    {
        _encoder.BeginElements("cluster-ips"u8, SetKeys.Address, isDeleted: false);
        foreach (KeyValuePair<NamespacedName, ServiceRules> service in _rules.Services)
        {
            // All ports of a Service have the same one.
            _encoder.BeginService(service.Key);
            Address(service.Value.Ports[0].Spec.ClusterIP);
        }

        _encoder.EndService();
        _encoder.EndElements();
    }

    private void AllHairpins()
    {
        HashSet<LocalTarget> targets = [];
        _encoder.BeginElements("hairpin-connections"u8, SetKeys.Connection, isDeleted: false);
        foreach (KeyValuePair<NamespacedName, ServiceRules> service in _rules.Services)
        {
            _encoder.BeginService(service.Key);
            foreach (ServicePortRules port in service.Value.Ports)
            {
                foreach (Endpoint endpoint in port.Endpoints.Reachable)
                {
                    LocalTarget target = new(endpoint.Target, port.Name.Protocol);
                    if (endpoint.IsLocal && targets.Add(target))
                    {
                        Hairpin(target);
                    }
                }
            }
        }

        _encoder.EndService();
        _encoder.EndElements();
    }

    private void Hairpin(LocalTarget target) =>
        _encoder.Element(new ElementKey(target.Address.Address, target.Protocol, target.Address.Port, 0));

    private void Address(IpAddress address) => _encoder.Element(new ElementKey(address, default, 0, 0));

    private void NodePortAddresses(EquatableArray<IpAddress> addresses, bool isDeleted)
    {
        _encoder.BeginElements("nodeport-ips"u8, SetKeys.Address, isDeleted);
        foreach (IpAddress address in addresses)
        {
            // Node ports never answer on loopback in this mode (spec 6.6).
            if (!address.IsLoopback)
            {
                Address(address);
            }
        }

        _encoder.EndElements();
    }

    /// <inheritdoc/>
    public void Take(ServicePortRules port, in ElementKey key, MapValue value)
    {
        if (_isDeleting)
        {
            _encoder.Element(key);
            return;
        }

        switch (value.Kind)
        {
            case VerdictKind.Target:
                _encoder.Element(key, value.Target);
                break;
            case VerdictKind.Shared:
                _encoder.ElementGoto(key, value.Chain, default);
                break;
            case VerdictKind.Reject or VerdictKind.Drop:
                Refusal(port.Name, key, value.Kind == VerdictKind.Reject);
                break;
            default:
                _encoder.ElementGoto(key, PortChains.Name(value.Kind, port.Name), default);
                break;
        }
    }

    private void Refusal(ServicePortName name, in ElementKey key, bool isRejected)
    {
        Span<byte> buffer = stackalloc byte[ServicePortName.MaxTextLength];
        ReadOnlySpan<byte> comment = ElementComment(name, buffer);
        if (isRejected)
        {
            _encoder.ElementGoto(key, "reject-chain"u8, comment);
        }
        else if (_options.HasServiceCounters)
        {
            _encoder.ElementGoto(key, "drop-chain"u8, comment);
        }
        else
        {
            _encoder.ElementDrop(key, comment);
        }
    }
}
