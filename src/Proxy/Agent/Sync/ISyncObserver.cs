using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>Receives reports of the sync loop, for health, metrics, Events and the log. Called by the loop; reports on the two families may come at the same time.</summary>
internal interface ISyncObserver
{
    /// <summary>A change waits to be synced. Called from any thread.</summary>
    void Requested();

    /// <summary>A Service was reported. Called from any thread.</summary>
    /// <param name="pending">Number of Services that wait.</param>
    void ServiceNoted(int pending);

    /// <summary>An EndpointSlice was reported. Called from any thread.</summary>
    void EndpointSliceNoted();

    /// <summary>All that waited was taken over.</summary>
    void Taken();

    /// <summary>The Node object came or changed.</summary>
    void NodeChanged(Node node);

    /// <summary>Reports what is wrong with the node's addresses; called when that changes.</summary>
    /// <param name="problems">All problems now, mostly none.</param>
    void NodeProblemsChanged(IReadOnlyList<string> problems);

    /// <summary>A family was synced, or could not be. Called for both families at the same time, as are drift and repair.</summary>
    void Synced(SyncReport report);

    /// <summary>Nothing waits: all that was asked for before a time has been written.</summary>
    /// <param name="family">The family.</param>
    /// <param name="at">The time, as of <see cref="TimeProvider.GetTimestamp"/>.</param>
    void UpToDate(IpFamily family, long at);

    /// <summary>Another program changed the rules of this agent; the repair waits for its turn. Called from any thread.</summary>
    /// <param name="family">The family.</param>
    /// <param name="what">What happened, in words.</param>
    void DriftReported(IpFamily family, string what);

    /// <summary>Somebody else changed our rules; they are about to be written again.</summary>
    /// <param name="family">The family.</param>
    /// <param name="what">What happened, in words.</param>
    void Drifted(IpFamily family, string what);

    /// <summary>
    /// The kernel refuses updates in a way that what they build on may be missing: everything is about to be written.
    /// </summary>
    void BaseDoubted(IpFamily family);

    /// <summary>The rules that somebody else changed are back.</summary>
    void Repaired(IpFamily family, string what);

    /// <summary>The kernel refuses the rules of a Service, so it has none for now.</summary>
    void Quarantined(NamespacedName service, IpFamily family, string error);

    /// <summary>The Services that have no rules for now; called when they change.</summary>
    void QuarantineChanged(IReadOnlyCollection<NamespacedName> services);

    /// <summary>Reports what is wrong with a Service; called for each that came, changed or went.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="problems">All its problems now, mostly none.</param>
    void ServiceTaken(NamespacedName service, IReadOnlyList<Problem> problems);

    /// <summary>Reports what was left out of an EndpointSlice; called for each that came, changed or went.</summary>
    /// <param name="slice">The slice.</param>
    /// <param name="problems">All its problems now, mostly none.</param>
    void SliceTaken(NamespacedName slice, IReadOnlyList<Problem> problems);
}
