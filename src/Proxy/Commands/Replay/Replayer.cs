using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Commands.Replay;

/// <summary>
/// Does with the entries of a recording what the sync loop of the agent did: the same cluster state, facts of the node and model, without
/// clock and kernel.
/// </summary>
internal sealed class Replayer
{
    private readonly RecordedStart _start;
    private readonly ClusterFeed _feed = new(static () => { }, static _ => { }, static () => { });
    private readonly NodeFacts _facts;
    private readonly ClusterState _state;
    private readonly RuleModelBuilder _builder;
    private readonly Dictionary<IpFamily, UpdateCheck> _checks = [];
    private EquatableArray<IpAddress> _addresses;
    private ObjectCounts _services, _slices, _others;

    /// <summary>Begins a replay.</summary>
    /// <param name="start">The first entry.</param>
    public Replayer(RecordedStart start)
    {
        _start = start;
        _facts = new(start.Settings, () => _addresses.AsSpan().ToArray());
        _state = new(start.Settings.AllowExternalIPs);
        foreach (IpFamily family in start.Families)
        {
            _checks.Add(family, new(start.Mode));
        }

        _builder = new(_state, _facts.Resolve(IpFamily.IPv4), _facts.Resolve(IpFamily.IPv6));
    }

    /// <summary>The change of the last sync; null before the first one.</summary>
    public RuleModelChange? LastChange { get; private set; }

    /// <summary>Follows an entry.</summary>
    /// <returns>What came of it if it is a sync; null for other entries.</returns>
    public ReplayedSync? Follow(RecordedEntry entry)
    {
        switch (entry)
        {
            case RecordedAddresses addresses:
                _addresses = addresses.Addresses;
                _facts.RefreshAddresses();
                break;
            case RecordedService service:
                Follow(service);
                break;
            case RecordedSlice slice:
                Follow(slice);
                break;
            case RecordedNode node:
                _feed.Nodes.Put(node.Object);
                _facts.Take(_feed);
                _others = _others.With(node.Object);
                break;
            case RecordedServiceCidr cidr:
                Follow(cidr);
                break;
            case RecordedEgress egress:
                _facts.Egress = egress.Policy;
                break;
            case RecordedOperation operation:
                Follow(operation);
                break;
            case RecordedUndo undo:
                _builder.Undo(undo.Family);
                break;
            case RecordedSync sync:
                return Follow(sync);
            default:
                break; // the start and the end
        }

        return null;
    }

    private void Follow(RecordedService service)
    {
        _services = _services.With(service.Object);
        if (service.Object is { } value)
        {
            _state.Set(value, []);
        }
        else
        {
            _state.RemoveService(service.Name);
        }
    }

    private void Follow(RecordedSlice slice)
    {
        _slices = _slices.With(slice.Object);
        if (slice.Object is { } value)
        {
            _state.Set(value);
        }
        else
        {
            _state.RemoveSlice(slice.Name);
        }
    }

    private void Follow(RecordedServiceCidr cidr)
    {
        _others = _others.With(cidr.Object);
        if (cidr.Object is { } value)
        {
            _feed.ServiceCidrs.Put(value);
        }
        else
        {
            _feed.ServiceCidrs.Remove(new("", cidr.Name));
        }

        _facts.Take(_feed);
    }

    private void Follow(RecordedOperation operation)
    {
        if (operation.Services.IsEmpty)
        {
            _state.Apply(operation.Operation, default);
        }

        foreach (NamespacedName name in operation.Services)
        {
            _state.Apply(operation.Operation, name);
        }
    }

    private ReplayedSync Follow(RecordedSync sync)
    {
        NodeSettings ipv4 = _facts.Resolve(IpFamily.IPv4);
        NodeSettings ipv6 = _facts.Resolve(IpFamily.IPv6);
        IReadOnlyCollection<NamespacedName> changed = _state.TakeChanges();
        if (sync.IsFromScratch)
        {
            _builder.StartOver(ipv4, ipv6);
            changed = _state.ServiceNames;
        }

        RuleModelChange change = _builder.Update(changed, ipv4, ipv6);
        RuleModelSnapshot scratch = RuleModelBuilder.Build(_state, ipv4, ipv6);
        LastChange = change;
        List<ReplayedFamily> families = [];
        foreach (IpFamily family in _start.Families)
        {
            families.Add(Compare(sync, change[family], scratch[family]));
        }

        ReplayedSync result = new(sync.Number, sync.Time, _services, _slices, _others, families);
        (_services, _slices, _others) = (default, default, default);
        return result;
    }

    private ReplayedFamily Compare(RecordedSync sync, FamilyChange change, FamilyRules scratch)
    {
        RecordedDigest digest = RenderedText.Digest(change.After, _start.Mode);
        DigestResult compared = DigestResult.NotRecorded;
        foreach (RecordedDigest recorded in sync.Digests)
        {
            if (recorded.Family == digest.Family)
            {
                compared = recorded == digest ? DigestResult.Equal : DigestResult.Differs;
            }
        }

        return new(digest, compared, change.Ports.Length, _checks[digest.Family].Follow(change, sync.IsFromScratch), change.After.HasSameContentAs(scratch));
    }
}

/// <summary>A sync that was replayed.</summary>
/// <param name="Number">Its number in the recording.</param>
/// <param name="Time">When it was.</param>
/// <param name="Services">The Services that it took.</param>
/// <param name="EndpointSlices">The EndpointSlices that it took.</param>
/// <param name="Others">The Nodes and ServiceCIDRs that it took.</param>
/// <param name="Families">The result for each family.</param>
internal sealed record ReplayedSync(
    int Number, DateTimeOffset Time, ObjectCounts Services, ObjectCounts EndpointSlices, ObjectCounts Others, IReadOnlyList<ReplayedFamily> Families)
{
    /// <summary>Whether nothing differs.</summary>
    public bool IsSound => Families.All(static family => family.IsSound);
}

/// <summary>How many objects came or changed, and how many went.</summary>
internal readonly record struct ObjectCounts(int Set, int Gone)
{
    /// <summary>One more; one that went if it is null.</summary>
    public ObjectCounts With(object? value) => value is null ? this with { Gone = Gone + 1 } : this with { Set = Set + 1 };
}

/// <summary>A family of a sync that was replayed.</summary>
/// <param name="Digest">The digest of the rules.</param>
/// <param name="Compared">Whether it is that of the recording.</param>
/// <param name="ChangedPorts">The service ports whose rules changed.</param>
/// <param name="Update">What came of the check of the update.</param>
/// <param name="IsModelSame">Whether the model that was kept up to date has the content of one that is built from the same objects at once.</param>
internal sealed record ReplayedFamily(RecordedDigest Digest, DigestResult Compared, int ChangedPorts, UpdateResult Update, bool IsModelSame)
{
    /// <summary>Whether nothing differs.</summary>
    public bool IsSound => Compared != DigestResult.Differs && Update.Difference.Length == 0 && IsModelSame;
}

/// <summary>What came of the comparison of a digest.</summary>
internal enum DigestResult : byte
{
    /// <summary>The recording has none for this sync.</summary>
    NotRecorded,

    /// <summary>Both are the same.</summary>
    Equal,

    /// <summary>The rules are others.</summary>
    Differs,
}
