using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.RuleModel.Selection;

/// <summary>
/// Merges the slices of a Service into the endpoints of one of its ports (spec 3.3 to 3.6). One instance is used for
/// many ports, so that its buffers are allocated once.
/// </summary>
internal sealed class EndpointMerger
{
    private readonly List<MergedEndpoint> _merged = [];
    private readonly Dictionary<EndpointAddress, int> _indexByTarget = [];

    /// <summary>The merged endpoints of a port in the order of rules. Valid until the next call.</summary>
    /// <param name="slices">The slices of the Service, in any order.</param>
    /// <param name="port">The service port; slices match it by port name and protocol.</param>
    /// <param name="family">The family.</param>
    /// <param name="nodeName">This node; an empty name makes no endpoint local.</param>
    public List<MergedEndpoint> Merge(ReadOnlySpan<EndpointSlice> slices, ServicePortName port, IpFamily family, string nodeName)
    {
        _merged.Clear();
        _indexByTarget.Clear();
        AddressType addressType = family == IpFamily.IPv4 ? AddressType.IPv4 : AddressType.IPv6;
        foreach (EndpointSlice slice in slices)
        {
            if (slice.AddressType != addressType)
            {
                continue;
            }

            foreach (SlicePort slicePort in slice.Ports)
            {
                if (slicePort.Port != 0
                    && slicePort.Protocol == port.Protocol
                    && string.Equals(slicePort.Name, port.Port, StringComparison.Ordinal))
                {
                    Add(slice.Endpoints, slicePort.Port, nodeName);
                }
            }
        }

        if (_merged.Count > 1)
        {
            _merged.Sort(static (left, right) => EndpointAddress.CompareText(left.Endpoint.Target, right.Endpoint.Target));
        }

        return _merged;
    }

    private void Add(EquatableArray<SliceEndpoint> endpoints, ushort port, string nodeName)
    {
        foreach (ref readonly SliceEndpoint source in endpoints.AsSpan())
        {
            bool isLocal = nodeName.Length != 0 && string.Equals(source.NodeName, nodeName, StringComparison.Ordinal);
            MergedEndpoint endpoint = new(
                new Endpoint(new EndpointAddress(source.Address, port), source.Conditions, isLocal),
                source.ZoneHints,
                source.NodeHints);
            if (_indexByTarget.TryAdd(endpoint.Endpoint.Target, _merged.Count))
            {
                _merged.Add(endpoint);
            }
            else
            {
                int known = _indexByTarget[endpoint.Endpoint.Target];
                if (DuplicatePreference.IsBetter(endpoint, _merged[known]))
                {
                    _merged[known] = endpoint;
                }
            }
        }
    }
}

/// <summary>An endpoint with the hints that selection needs and rules do not.</summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="ZoneHints">Zones that should use it.</param>
/// <param name="NodeHints">Nodes that should use it.</param>
internal readonly record struct MergedEndpoint(Endpoint Endpoint, EquatableArray<string> ZoneHints, EquatableArray<string> NodeHints);
