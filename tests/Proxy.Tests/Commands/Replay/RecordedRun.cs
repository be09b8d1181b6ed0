using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Tests.Agent.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Replay;

/// <summary>The parts of the sync loop that make the model, with a recorder, each step when a test wants it.</summary>
internal sealed class RecordedRun
{
    private readonly SyncRecorder _recorder;
    private readonly FeedIntake _intake;
    private readonly ClusterState _state;
    private readonly RuleModelBuilder _builder;

    public RecordedRun(SyncRecorder recorder, ProxySettings settings)
    {
        _recorder = recorder;
        Facts = new(settings, () => Addresses, recorder);
        _state = new(settings.AllowExternalIPs) { Operated = recorder.Operation };
        _builder = new(_state, Facts.Resolve(IpFamily.IPv4), Facts.Resolve(IpFamily.IPv6));
        _intake = new(Feed, Facts, _state, new RecordingObserver(), DateTimeOffset.UnixEpoch, recorder);
    }

    public ClusterFeed Feed { get; } = new(static () => { }, static _ => { }, static () => { });

    public NodeFacts Facts { get; }

    /// <summary>What the interfaces have.</summary>
    public IReadOnlyList<IpAddress> Addresses { get; set; } = [.. Nodes.Addresses.AsSpan()];

    /// <summary>The model after the last sync.</summary>
    public RuleModelSnapshot Current => _builder.Current;

    /// <summary>Feeds random changes.</summary>
    public void Change(RandomCluster cluster, int count)
    {
        for (; count > 0; count--)
        {
            (Service? service, EndpointSlice? slice, NamespacedName name, bool isService) = cluster.Change();
            if (service is not null)
            {
                Feed.Services.Put(service);
            }
            else if (slice is not null)
            {
                Feed.EndpointSlices.Put(slice);
            }
            else if (isService)
            {
                Feed.Services.Remove(name);
            }
            else
            {
                Feed.EndpointSlices.Remove(name);
            }
        }
    }

    /// <summary>Takes what waits, and makes the rules.</summary>
    public void Sync(bool isRefused = false)
    {
        _intake.Take();
        IReadOnlyList<NamespacedName> changed = _state.TakeChanges();
        RuleModelChange change = _builder.Update(changed, Facts.Resolve(IpFamily.IPv4), Facts.Resolve(IpFamily.IPv6));
        _recorder.Updated(change, isFromScratch: false);
        if (!isRefused)
        {
            _state.Prove();
            return;
        }

        _builder.Undo(IpFamily.IPv4);
        _recorder.Undone(IpFamily.IPv4);
        foreach (NamespacedName name in changed)
        {
            _state.Touch(name);
        }

        if (changed.Count != 0)
        {
            _state.Quarantine(changed[0]);
        }
    }
}
