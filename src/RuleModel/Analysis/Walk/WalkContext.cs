using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Routes;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>What the parts of a walk share: the prepared rules, the node, and lists that are reused. For one thread.</summary>
/// <param name="plan">The rules.</param>
/// <param name="node">The node that the packets pass.</param>
/// <param name="outputInterfaces">Output interfaces that rules match; empty when the output interface is not known.</param>
internal sealed class WalkContext(RulePlan plan, NodeView node, IReadOnlyList<string> outputInterfaces)
{
    private readonly AddressRange[] _localRanges = node.LocalRanges(plan.Rules.Family);

    public RulePlan Plan { get; } = plan;

    public NodeView Node { get; } = node;

    /// <summary>The node's own addresses, ordered and without overlaps.</summary>
    public ReadOnlySpan<AddressRange> LocalRanges => _localRanges;

    public IReadOnlyList<string> OutputInterfaces { get; } = outputInterfaces;

    /// <summary>The packet that is walked; null for a space of packets.</summary>
    public WalkPacket? Packet { get; set; }

    /// <summary>How much the walk may do; null for any amount.</summary>
    public WalkEffort? Effort { get; set; }

    public ListPool<WalkState> States { get; } = new();

    public ListPool<ChainExit> Exits { get; } = new();

    public ListPool<LookupHit> Hits { get; } = new();

    /// <summary>Whether packets are delivered on this node.</summary>
    public bool IsForThisNode(WalkState state) => state.IsToThisNode || Node.IsLocal(state.Destination);

    /// <summary>Lets a lookup by source see the source that a single packet was given.</summary>
    public void ShowNewSource(LookupIndex index, WalkState state)
    {
        if (Packet is null || state.NewSource is not { } source || !(index.HasSource || index.HasSourcePort))
        {
            return;
        }

        if (source is { Addresses: { IsSingle: true } address, Ports: null, IsRandom: false })
        {
            state.Sources = AddressSet.Of(address);
        }
        else
        {
            state.NoteUnknown("a lookup of the source that the kernel picks");
        }
    }

    /// <summary>Whether the node's own addresses are known, so that others are surely those of other hosts.</summary>
    public bool KnowsAddresses { get; } = node.Addresses.Any(static address => !address.IsLoopback);

    /// <summary>Keeps lists that are no longer used, so that a walk does not allocate one for each rule.</summary>
    internal sealed class ListPool<T>
    {
        private readonly Stack<List<T>> _lists = new();

        public List<T> Rent() => _lists.TryPop(out List<T>? list) ? list : [];

        public void Return(List<T> list)
        {
            list.Clear();
            _lists.Push(list);
        }
    }
}

/// <summary>The facts about a node that a walk needs besides its rules.</summary>
/// <param name="localAddresses">The addresses on the node's interfaces.</param>
public sealed class NodeView(IEnumerable<IpAddress> localAddresses)
{
    private readonly HashSet<IpAddress> _local = [.. localAddresses];

    /// <summary>Its interfaces and routes; null if they are not known.</summary>
    public NodeNetwork? Network { get; init; }

    /// <summary>The addresses on the node's interfaces, in the order in which they were given.</summary>
    public IReadOnlyList<IpAddress> Addresses { get; } = [.. localAddresses];

    private readonly AddressRange[] _localRanges =
    [
        .. AddressRanges.Normalize(localAddresses.Select(AddressRange.Of).Append(AddressRange.Of(IpPrefix.Parse("127.0.0.0/8"))).Append(AddressRange.Of(IpAddress.FromBits(1)))),
    ];

    /// <summary>The addresses of a family on the node's interfaces, as ranges, with all of 127.0.0.0/8 or ::1.</summary>
    public AddressRange[] LocalRanges(IpFamily family) => Array.FindAll(_localRanges, range => IpAddress.FromBits(range.First).Family == family);

    /// <summary>Whether packets to an address are delivered on this node.</summary>
    public bool IsLocal(IpAddress address) => address.IsLoopback || _local.Contains(address);
}
