using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// What rule sets can tell packets apart by, where a walk cannot split it itself: destinations and interfaces. Every address
/// that occurs is one class, and so is what is left of each segment between the edges of prefixes.
/// </summary>
internal sealed class HeaderSpace
{
    /// <summary>Addresses of other types than unicast (net/ipv4/fib_frontend.c, inet_addr_type).</summary>
    private static readonly IpPrefix[] s_specialPrefixes =
    [
        IpPrefix.Parse("0.0.0.0/8"), IpPrefix.Parse("224.0.0.0/4"), IpPrefix.Parse("255.255.255.255/32"), IpPrefix.Parse("ff00::/8"),
    ];

    private readonly IpFamily _family;
    private readonly HashSet<IpAddress> _singles = [];
    private readonly HashSet<AddressRange> _ranges = [];
    private readonly SortedSet<string> _inputs = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _inputPrefixes = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _outputs = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _outputPrefixes = new(StringComparer.Ordinal);
    private readonly HashSet<object> _seenMaps = new(ReferenceEqualityComparer.Instance);

    /// <summary>Collects what some rule sets tell apart.</summary>
    public HeaderSpace(IEnumerable<RulePlan> plans, NodeView node, IpFamily family)
    {
        _family = family;
        foreach (RulePlan plan in plans)
        {
            foreach (WalkTable table in plan.Rules.Tables)
            {
                foreach (WalkChain chain in table.Chains.Values)
                {
                    foreach (WalkRule rule in chain.Rules)
                    {
                        Add(plan, rule);
                    }
                }
            }
        }

        Destinations = FindDestinations(node);
        Origins = [.. Names(_inputs, _inputPrefixes).Where(name => name != "lo").Select(name => new TrafficOrigin(name)), TrafficOrigin.Node];
        OutputInterfaces = _outputs.Count + _outputPrefixes.Count == 0 ? [] : [.. Names(_outputs, _outputPrefixes)];
    }

    /// <summary>An address of each class of destinations, ordered.</summary>
    public IReadOnlyList<IpAddress> Destinations { get; }

    /// <summary>The node, and an interface of each class.</summary>
    public IReadOnlyList<TrafficOrigin> Origins { get; }

    /// <summary>An output interface of each class; empty if no rule asks.</summary>
    public IReadOnlyList<string> OutputInterfaces { get; }

    private void Add(RulePlan plan, WalkRule rule)
    {
        NestedSteps.ForEach(rule, step =>
        {
            switch (step)
            {
                case RuleStep.AddressTypeMatch { Field: PacketField.Destination }:
                    foreach (IpPrefix special in s_specialPrefixes)
                    {
                        if (special.Family == _family)
                        {
                            Add(AddressRange.Of(special));
                        }
                    }

                    break;
                case RuleStep.AddressMatch { Field: PacketField.Destination } match:
                    foreach (AddressRange range in match.Ranges)
                    {
                        Add(range);
                    }

                    break;
                case RuleStep.SetMatch match when _seenMaps.Add(match.Set):
                    Add(plan.Of(match));
                    break;
                case RuleStep.VerdictLookup lookup when _seenMaps.Add(lookup.Map):
                    Add(plan.Of(lookup));
                    break;
                case RuleStep.DnatLookup lookup when _seenMaps.Add(lookup.Map):
                    Add(plan.Of(lookup));
                    break;
                case RuleStep.InterfaceMatch match:
                    SortedSet<string> names = match.IsInput
                        ? match.IsPrefix ? _inputPrefixes : _inputs
                        : match.IsPrefix ? _outputPrefixes : _outputs;
                    names.Add(match.Name);
                    break;
            }
        });
    }

    private void Add(LookupIndex index) => _singles.UnionWith(index.Destinations);

    private void Add(AddressRange range)
    {
        if (range.IsSingle)
        {
            _singles.Add(IpAddress.FromBits(range.First));
        }
        else
        {
            _ranges.Add(range);
        }
    }

    private IpAddress[] FindDestinations(NodeView node)
    {
        AddressRange all = AddressRange.All(_family);
        AddressRange[] local = node.LocalRanges(_family);
        foreach (AddressRange range in local)
        {
            if (!range.IsSingle)
            {
                _ranges.Add(range);
            }
        }

        List<IpAddress> found = [.. _singles.Where(address => address.Family == _family)];
        SortedSet<UInt128> starts = [all.First];
        foreach (AddressRange range in _ranges)
        {
            starts.Add(range.First);
            if (range.Last != all.Last)
            {
                starts.Add(range.Last + 1);
            }
        }

        UInt128[] edges = [.. starts];
        for (int index = 0; index < edges.Length; index++)
        {
            AddressRange segment = new(edges[index], index + 1 < edges.Length ? edges[index + 1] - 1 : all.Last);
            if (OtherIn(segment, local) is { } other)
            {
                found.Add(other);
            }

            // Of the node's addresses that no rule names, those in one segment are alike.
            AddressRange own = Array.Find(local, range => range.IsSingle && segment.Contains(range) && !_singles.Contains(IpAddress.FromBits(range.First)));
            if (own != default)
            {
                found.Add(IpAddress.FromBits(own.First));
            }
        }

        found.Sort();
        return [.. found];
    }

    /// <summary>An address of a segment that no rule names and the node does not have; null if there is none.</summary>
    private IpAddress? OtherIn(AddressRange segment, AddressRange[] local)
    {
        UInt128 start = PreferredIn(segment);
        UInt128 candidate = start;
        do
        {
            IpAddress address = IpAddress.FromBits(candidate);
            bool isOwn = Array.Exists(local, range => range.IsSingle && range.Contains(candidate));
            if (!isOwn && !_singles.Contains(address))
            {
                return address;
            }

            candidate = candidate == segment.Last ? segment.First : candidate + 1;
        }
        while (candidate != start);

        return null;
    }

    private UInt128 PreferredIn(AddressRange segment)
    {
        UInt128 preferred = IpAddress.Parse(_family == IpFamily.IPv4 ? "192.0.2.200" : "2001:db8::200").ToBits();
        return segment.Contains(preferred) ? preferred : segment.IsSingle ? segment.First : segment.First + 1;
    }

    /// <summary>The names, one that only a prefix fits for each, and one that nothing fits.</summary>
    private static SortedSet<string> Names(SortedSet<string> names, SortedSet<string> prefixes)
    {
        SortedSet<string> all = [.. names];
        foreach (string prefix in prefixes)
        {
            int number = 0;
            while (names.Contains($"{prefix}{number}"))
            {
                number++;
            }

            all.Add($"{prefix}{number}");
        }

        string other = TrafficOrigin.OtherInterface;
        while (names.Contains(other) || prefixes.Any(prefix => other.StartsWith(prefix, StringComparison.Ordinal)))
        {
            other = "x" + other;
        }

        all.Add(other);
        return all;
    }
}
