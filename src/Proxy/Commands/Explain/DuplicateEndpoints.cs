using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// Finds endpoints of a service port that are there several times, in one slice or in several, and not in the same
/// condition: it looks as if the address were not ready although it gets traffic.
/// </summary>
/// <param name="slices">All slices.</param>
/// <param name="type">The family that is asked about.</param>
internal sealed class DuplicateEndpoints(IEnumerable<EndpointSlice> slices, AddressType type)
{
    /// <summary>What a service port has twice, with the one that counts, as reasons.</summary>
    public IEnumerable<ModelReason> Of(ServicePortName port)
    {
        Dictionary<EndpointAddress, List<(string Slice, EndpointConditions Conditions)>> places = [];
        foreach (EndpointSlice slice in slices.Where(slice => slice.Service == port.Service && slice.AddressType == type).OrderBy(slice => slice.Name))
        {
            foreach (SlicePort slicePort in slice.Ports)
            {
                if (slicePort.Port == 0 || slicePort.Protocol != port.Protocol || slicePort.Name != port.Port)
                {
                    continue;
                }

                foreach (SliceEndpoint endpoint in slice.Endpoints)
                {
                    EndpointAddress target = new(endpoint.Address, slicePort.Port);
                    if (!places.TryGetValue(target, out List<(string Slice, EndpointConditions Conditions)>? known))
                    {
                        places.Add(target, known = []);
                    }

                    known.Add((slice.Name.Name, endpoint.Conditions));
                }
            }
        }

        return places
            .Where(place => place.Value.DistinctBy(given => given.Conditions).Skip(1).Any())
            .OrderBy(place => place.Key.ToString(), StringComparer.Ordinal)
            .Select(place => Reason(port, place.Key, place.Value));
    }

    private static ModelReason Reason(ServicePortName port, EndpointAddress target, List<(string Slice, EndpointConditions Conditions)> places)
    {
        string given = string.Join(", ", places.DistinctBy(place => place).Select(place => $"as {Describe(place.Conditions)} by {place.Slice}"));
        return new($"{target} is given {places.Count} times: {given}; a ready one counts first, then a serving and terminating one", $"EndpointSlices of {port.Service}", "endpoints[].conditions");
    }

    private static string Describe(EndpointConditions conditions)
    {
        string ready = (conditions & EndpointConditions.Ready) != 0 ? "ready" : "not ready";
        string serving = (conditions & (EndpointConditions.Ready | EndpointConditions.Serving)) == EndpointConditions.Serving ? ", serving" : "";
        string terminating = (conditions & EndpointConditions.Terminating) != 0 ? ", terminating" : "";
        return $"{ready}{serving}{terminating}".Replace(", ", " and ", StringComparison.Ordinal);
    }
}
