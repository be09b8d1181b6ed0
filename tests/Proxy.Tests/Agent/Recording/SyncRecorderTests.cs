using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.Proxy.Tests.Commands.Replay;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Recording;

public sealed class SyncRecorderTests
{
    /// <summary>What the kernel accepted is no reason to record the next sync, in which nothing happens.</summary>
    [Fact]
    public void AnIdleAgentRecordsNothing()
    {
        SyncRecorder recorder = new(TimeProvider.System);
        RecordedRun run = new(recorder, Nodes.Proxy);
        run.Feed.Nodes.Put(Nodes.NodeA);
        run.Feed.Services.Put(Samples.Service);

        run.Sync();
        run.Sync();
        run.Sync();

        List<RecordedEntry> entries = Taken(recorder);
        entries.OfType<RecordedSync>().Should().ContainSingle().Which.Number.Should().Be(1);
        entries.OfType<RecordedOperation>().Should().ContainSingle().Which.Operation.Should().Be(StateOperation.Prove);
    }

    /// <summary>A sync after anything else is recorded, even if the rules stay the same.</summary>
    [Fact]
    public void ASyncAfterARefusalIsRecorded()
    {
        SyncRecorder recorder = new(TimeProvider.System);
        RecordedRun run = new(recorder, Nodes.Proxy);
        run.Feed.Services.Put(Samples.Service);

        run.Sync();
        run.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint("10.244.1.5")));
        run.Sync(isRefused: true);
        run.Sync();
        run.Sync();

        Taken(recorder).OfType<RecordedSync>().Select(static sync => sync.Number).Should().Equal(1, 2, 3);
    }

    private static List<RecordedEntry> Taken(SyncRecorder recorder)
    {
        List<RecordedEntry> entries = [];
        while (recorder.Queue.TryRead(out QueuedEntry queued))
        {
            entries.Add(queued.Entry);
        }

        return entries;
    }
}
