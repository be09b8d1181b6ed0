using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>Counts the flows of a service port while the table is read.</summary>
/// <param name="port">The service port.</param>
internal sealed class PortCounts(ServicePortRules port)
{
    private readonly Dictionary<EndpointAddress, long> _cluster = [];
    private readonly Dictionary<EndpointAddress, long> _local = [];
    private long _unreplied;

    public long Flows { get; private set; }

    /// <summary>Counts a flow.</summary>
    /// <param name="endpoint">Where it goes.</param>
    /// <param name="policy">The policy of its frontend.</param>
    /// <param name="hasReply">Whether it is answered.</param>
    public void Count(EndpointAddress endpoint, TrafficPolicy policy, bool hasReply)
    {
        Dictionary<EndpointAddress, long> counts = policy == TrafficPolicy.Local ? _local : _cluster;
        counts[endpoint] = counts.GetValueOrDefault(endpoint) + 1;
        Flows++;
        _unreplied += hasReply ? 0 : 1;
    }

    /// <summary>Tests the spread of each policy, which has its own endpoints.</summary>
    public ServiceFlows Finish()
    {
        double? probability = Least(Test(_cluster, port.Endpoints.Cluster), Test(_local, port.Endpoints.Local));
        string verdict = port.Spec.HasAffinity ? "not tested: session affinity"
            : probability is not { } known ? "not tested: too few"
            : known < ShareTest.Threshold ? ServiceFlows.Uneven
            : ServiceFlows.Even;
        return new(port.Name, Flows, _unreplied, [.. Endpoints()], port.Spec.HasAffinity ? null : probability, verdict);
    }

    private static double? Test(Dictionary<EndpointAddress, long> counts, EquatableArray<Endpoint> group) =>
        ShareTest.Probability([.. group.AsSpan().ToArray().Select(endpoint => counts.GetValueOrDefault(endpoint.Target))]);

    private static double? Least(double? left, double? right) => left is null || right < left ? right : left;

    private IEnumerable<EndpointFlows> Endpoints()
    {
        EquatableArray<Endpoint> group = _local.Count != 0 && _cluster.Count == 0 ? port.Endpoints.Local : port.Endpoints.Cluster;
        HashSet<EndpointAddress> expected = [.. group.AsSpan().ToArray().Select(endpoint => endpoint.Target)];
        SortedSet<EndpointAddress> all = new(expected, Comparer<EndpointAddress>.Create(EndpointAddress.CompareText));
        all.UnionWith(_cluster.Keys);
        all.UnionWith(_local.Keys);
        foreach (EndpointAddress endpoint in all)
        {
            long flows = _cluster.GetValueOrDefault(endpoint) + _local.GetValueOrDefault(endpoint);
            yield return new(endpoint, flows, Flows == 0 ? 0 : (double)flows / Flows, expected.Contains(endpoint) ? 1.0 / expected.Count : null);
        }
    }
}
