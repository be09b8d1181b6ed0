using System.Threading.Channels;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Recording;

/// <summary>
/// Collects what the rules follow from, in the order in which the sync loop uses it, for <see cref="RecordingFile"/>, which writes it in
/// a task of its own: nothing here waits, and nothing here fails. Called by the sync loop only.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="mostWaiting">How many entries may wait before the recording ends.</param>
internal sealed class SyncRecorder(TimeProvider time, int mostWaiting = SyncRecorder.MostWaiting)
{
    /// <summary>Entries are references to objects that the cluster state mostly holds as well.</summary>
    public const int MostWaiting = 1_000_000;

    private readonly Channel<QueuedEntry> _queue = Channel.CreateUnbounded<QueuedEntry>(new UnboundedChannelOptions { SingleReader = true });
    private int _waiting;
    private int _waitingSyncs;
    private int _syncs;
    private bool _isUnchanged = true;
    private bool _wasLeftOut;
    private StateOperation? _last;

    /// <summary>What waits to be written; completed when the recording ends.</summary>
    public ChannelReader<QueuedEntry> Queue => _queue.Reader;

    /// <summary>Number of syncs that wait to be written.</summary>
    public int WaitingSyncs => Volatile.Read(ref _waitingSyncs);

    /// <summary>Whether more came than could be written, so that the recording had to end.</summary>
    public bool IsOverrun { get; private set; }

    /// <summary>Records a Service that makes a difference; null if it is gone.</summary>
    public void Service(NamespacedName name, Service? service) => Add(new RecordedService(name, service));

    /// <summary>Records an EndpointSlice that makes a difference; null if it is gone.</summary>
    public void Slice(NamespacedName name, EndpointSlice? slice) => Add(new RecordedSlice(name, slice));

    /// <summary>Records the Node.</summary>
    public void Node(Node node) => Add(new RecordedNode(node));

    /// <summary>Records a ServiceCIDR; null if it is gone.</summary>
    public void ServiceCidr(string name, ServiceCidr? cidr) => Add(new RecordedServiceCidr(name, cidr));

    /// <summary>Records the addresses on the interfaces.</summary>
    public void InterfaceAddresses(EquatableArray<IpAddress> addresses) => Add(new RecordedAddresses(addresses));

    /// <summary>Records the policy of egress masquerade.</summary>
    public void Egress(EgressPolicy? policy) => Add(new RecordedEgress(policy));

    /// <summary>Records an operation on the cluster state.</summary>
    public void Operation(StateOperation operation, NamespacedName service)
    {
        if (operation == StateOperation.Prove && _last == operation)
        {
            return; // nothing came between
        }

        bool isUnchanged = _isUnchanged && operation == StateOperation.Prove; // what the kernel accepted makes no other rules by itself
        Add(new RecordedOperation(operation, service == default ? default : [service]));
        (_isUnchanged, _last) = (isUnchanged, operation);
    }

    /// <summary>Records that the model was brought up to date; not if nothing happened since the last time and nothing changed.</summary>
    /// <param name="change">The change.</param>
    /// <param name="isFromScratch">Whether the model was built anew.</param>
    public void Updated(RuleModelChange change, bool isFromScratch)
    {
        _wasLeftOut = _isUnchanged && change.IsEmpty && !isFromScratch;
        if (!_wasLeftOut)
        {
            Interlocked.Increment(ref _waitingSyncs);
            Add(new RecordedSync(++_syncs, time.GetUtcNow(), isFromScratch, default), change.After);
            _isUnchanged = true;
        }
    }

    /// <summary>Records that the last update of the model was reverted in a family.</summary>
    public void Undone(IpFamily family)
    {
        if (!_wasLeftOut)
        {
            Add(new RecordedUndo(family));
        }
    }

    /// <summary>Notes that an entry was written.</summary>
    public void Written(in QueuedEntry entry)
    {
        Interlocked.Decrement(ref _waiting);
        if (entry.Rules is not null)
        {
            Interlocked.Decrement(ref _waitingSyncs);
        }
    }

    /// <summary>Ends the recording: what comes later is not kept.</summary>
    public void End() => _queue.Writer.TryComplete();

    private void Add(RecordedEntry entry, RuleModelSnapshot? rules = null)
    {
        _isUnchanged = false;
        _last = null;
        if (Interlocked.Increment(ref _waiting) > mostWaiting)
        {
            IsOverrun = true;
            End();
        }

        _queue.Writer.TryWrite(new(entry, rules)); // false after the end
    }
}

/// <summary>An entry that waits to be written.</summary>
/// <param name="Entry">The entry; a sync still without digests.</param>
/// <param name="Rules">The rules of a sync, of which the digests are computed when it is written; null for other entries.</param>
internal readonly record struct QueuedEntry(RecordedEntry Entry, RuleModelSnapshot? Rules);
