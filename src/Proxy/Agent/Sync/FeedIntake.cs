using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>Moves what waits in the feed into the facts about the node and the cluster state, and reports what was found in it.</summary>
/// <param name="feed">The feed.</param>
/// <param name="facts">The facts about the node.</param>
/// <param name="state">The cluster state.</param>
/// <param name="observer">Receives the reports.</param>
/// <param name="started">The start of the agent: changes that were made before do not count as delays of its own.</param>
/// <param name="recorder">Records the objects that make a difference; null if nothing is recorded.</param>
internal sealed class FeedIntake(ClusterFeed feed, NodeFacts facts, ClusterState state, ISyncObserver observer, DateTimeOffset started, SyncRecorder? recorder = null)
{
    private bool _mustReportNode;

    /// <summary>Takes what waits. After an exception the Services and EndpointSlices wait again.</summary>
    /// <returns>When changes of EndpointSlices were made, as far as their objects say so (spec 10.3).</returns>
    public List<DateTimeOffset> Take()
    {
        int quarantined = state.Quarantined.Count;
        _mustReportNode |= facts.Take(feed);
        if (_mustReportNode)
        {
            observer.NodeChanged(facts.Node!); // it has changed, so it is there
            _mustReportNode = false;
        }

        IReadOnlyDictionary<NamespacedName, Service?> services = feed.Services.Take();
        IReadOnlyDictionary<NamespacedName, EndpointSlice?> slices = feed.EndpointSlices.Take();
        List<DateTimeOffset> triggers;
        try
        {
            triggers = Take(services, slices);
        }
        catch
        {
            feed.Services.PutBack(services);
            feed.EndpointSlices.PutBack(slices);
            throw;
        }

        if (state.Quarantined.Count != quarantined)
        {
            observer.QuarantineChanged(state.Quarantined);
        }

        return triggers;
    }

    private List<DateTimeOffset> Take(IReadOnlyDictionary<NamespacedName, Service?> services, IReadOnlyDictionary<NamespacedName, EndpointSlice?> slices)
    {
        foreach ((NamespacedName name, Service? service) in services)
        {
            List<Problem> problems = [];
            long revision = state.Revision;
            if (service is null)
            {
                state.RemoveService(name);
            }
            else
            {
                state.Set(service, problems);
            }

            if (state.Revision != revision)
            {
                recorder?.Service(name, service);
            }

            observer.ServiceTaken(name, problems);
        }

        List<DateTimeOffset> triggers = [];
        foreach ((NamespacedName name, EndpointSlice? slice) in slices)
        {
            long revision = state.Revision;
            if (slice is null)
            {
                state.RemoveSlice(name);
            }
            else if (state.Set(slice) && slice.LastChangeTriggerTime is { } trigger && trigger > started)
            {
                triggers.Add(trigger);
            }

            if (state.Revision != revision)
            {
                recorder?.Slice(name, slice);
            }

            observer.SliceTaken(name, slice is { ServiceName.Length: > 0, IsHeadless: false } ? slice.Problems.AsSpan().ToArray() : []);
        }

        observer.Taken();
        return triggers;
    }
}
