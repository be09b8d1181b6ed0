using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <content>Elements of sets and maps, some hundred to a command.</content>
internal ref partial struct NftWriter
{
    private const int BatchSize = 400;

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
        foreach (KeyValuePair<NamespacedName, ServiceRules> service in _rules.Services)
        {
            foreach (ServicePortRules port in service.Value.Ports)
            {
                if (protocol is null || port.Name.Protocol == protocol)
                {
                    PortElements.Visit(port, map, ref this);
                }
            }
        }

        EndBatch();
    }

    private void AllClusterIPs()
    {
        foreach (KeyValuePair<NamespacedName, ServiceRules> service in _rules.Services)
        {
            // All ports of a Service have the same one.
            SetElement("cluster-ips"u8, service.Value.Ports[0].Spec.ClusterIP);
        }

        EndBatch();
    }

    private void AllHairpins()
    {
        HashSet<LocalTarget> targets = [];
        foreach (KeyValuePair<NamespacedName, ServiceRules> service in _rules.Services)
        {
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

        EndBatch();
    }

    private void Hairpin(LocalTarget target)
    {
        Next("hairpin-connections"u8);
        _text.Write(target.Address.Address);
        _text.Write(" . "u8);
        _text.Write(target.Address.Address);
        _text.Write(" . "u8);
        _text.Write(target.Protocol.ToLowerText());
        _text.Write(" . "u8);
        _text.Write((long)target.Address.Port);
    }

    private void SetElement(scoped ReadOnlySpan<byte> set, IpAddress address)
    {
        Next(set);
        _text.Write(address);
    }

    private void NodePortIPs()
    {
        NodePortAddresses(Settings.NodePortAddresses.Addresses);
    }

    private void NodePortAddresses(EquatableArray<IpAddress> addresses)
    {
        foreach (IpAddress address in addresses)
        {
            // Node ports never answer on loopback in this mode (spec 6.6).
            if (!address.IsLoopback)
            {
                SetElement("nodeport-ips"u8, address);
            }
        }

        EndBatch();
    }

    /// <inheritdoc/>
    public void Take(ServicePortRules port, MapKey key, MapValue value)
    {
        NextOf(key);
        if (!key.Map.IsByNodePort())
        {
            _text.Write(key.Address);
            _text.Write(" . "u8);
        }

        if (key.Map.HasSlots())
        {
            _text.Write((long)key.Port);
            _text.Write(" . "u8);
            _text.Write(key.Slot);
        }
        else
        {
            _text.Write(key.Protocol.ToLowerText());
            _text.Write(" . "u8);
            _text.Write((long)key.Port);
        }

        if (_isDeleting)
        {
            return;
        }

        if (value.Kind is VerdictKind.Reject or VerdictKind.Drop)
        {
            ElementComment(port.Name);
        }

        _text.Write(" : "u8);
        Value(port.Name, value);
    }

    private void Value(ServicePortName name, MapValue value)
    {
        switch (value.Kind)
        {
            case VerdictKind.Target:
                _text.Write(value.Target.Address);
                _text.Write(" . "u8);
                _text.Write((long)value.Target.Port);
                break;
            case VerdictKind.Shared:
                _text.Write("goto "u8);
                value.Chain.Write(ref _text);
                break;
            case VerdictKind.Reject:
                _text.Write("goto reject-chain"u8);
                break;
            case VerdictKind.Drop:
                _text.Write("drop"u8);
                break;
            default:
                _text.Write("goto "u8);
                _text.Write(PortChains.Name(value.Kind, name));
                break;
        }
    }

    private void NextOf(MapKey key)
    {
        if (!key.Map.HasSlots())
        {
            Next(key.Map.Name());
            return;
        }

        Span<byte> name = stackalloc byte[32];
        ReadOnlySpan<byte> protocol = key.Protocol.ToLowerText();
        protocol.CopyTo(name);
        key.Map.Name().CopyTo(name[protocol.Length..]);
        Next(name[..(protocol.Length + key.Map.Name().Length)]);
    }

    /// <summary>Goes to the next element of a set or map, in the same command if there is room.</summary>
    private void Next(scoped ReadOnlySpan<byte> container)
    {
        if (_batched == BatchSize)
        {
            EndBatch();
        }

        if (_batched++ != 0)
        {
            _text.Write(", "u8);
            return;
        }

        Command(_isDeleting ? "delete element"u8 : "add element"u8, container);
        _text.Write(" { "u8);
    }

    private void EndBatch()
    {
        if (_batched != 0)
        {
            _text.Write(" }\n"u8);
            _batched = 0;
        }
    }
}
