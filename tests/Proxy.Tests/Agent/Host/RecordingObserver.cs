using System.Collections.Concurrent;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Tests.Agent.Host;

/// <summary>Remembers what the loop told.</summary>
internal sealed class RecordingObserver : ISyncObserver
{
    /// <summary>Runs at the beginning of what is told most; it may throw.</summary>
    public Action<string> Before { get; set; } = static _ => { };

    public ConcurrentQueue<string> Told { get; } = new();

    public ConcurrentQueue<SyncReport> Reports { get; } = new();

    public void Requested() => Told.Enqueue("requested");

    public void ServiceNoted(int pending)
    {
    }

    public void EndpointSliceNoted()
    {
    }

    public void Taken() => Before("taken");

    public void NodeChanged(RuleModel.Inputs.Node node)
    {
        Before("node");
        Told.Enqueue($"node {node.Name}");
    }

    public void NodeProblemsChanged(IReadOnlyList<string> problems) => Told.Enqueue($"node problems: {string.Join(" | ", problems)}");

    public void Synced(SyncReport report)
    {
        Before("synced");
        Reports.Enqueue(report);
    }

    public void UpToDate(IpFamily family, long at) => Told.Enqueue($"{family} up to date");

    public void Drifted(IpFamily family, string what) => Told.Enqueue($"{family} drifted: {what}");

    public void BaseDoubted(IpFamily family) => Told.Enqueue($"{family} base doubted");

    public void Repaired(IpFamily family, string what) => Told.Enqueue($"{family} repaired: {what}");

    public void DriftReported(IpFamily family, string what)
    {
        // Drifted follows.
    }

    public void Quarantined(NamespacedName service, IpFamily family, string error) => Told.Enqueue($"{family} quarantined {service}: {error}");

    public void QuarantineChanged(IReadOnlyCollection<NamespacedName> services) => Told.Enqueue($"in quarantine: {string.Join(' ', services)}");

    public void ServiceTaken(NamespacedName service, IReadOnlyList<Problem> problems) => Tell(problems);

    public void SliceTaken(NamespacedName slice, IReadOnlyList<Problem> problems) => Tell(problems);

    private void Tell(IReadOnlyList<Problem> problems)
    {
        Before("service");
        foreach (Problem problem in problems)
        {
            Told.Enqueue(problem.ToString());
        }
    }
}
