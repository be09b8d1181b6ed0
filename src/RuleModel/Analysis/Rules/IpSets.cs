using System.Collections.Frozen;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>The ipsets that are known by their contents. A membership test is expressed by matches of addresses, protocols and ports.</summary>
public sealed class IpSets
{
    /// <summary>What an undecided test depends on.</summary>
    public const string Contents = "the contents of the ipset";

    private readonly FrozenDictionary<string, IpSet> _byName;
    private readonly FrozenSet<string> _changed;

    /// <summary>Collects sets; their names differ.</summary>
    public IpSets(IEnumerable<IpSet> sets)
        : this(sets.ToFrozenDictionary(static set => set.Name, StringComparer.Ordinal), [])
    {
    }

    private IpSets(FrozenDictionary<string, IpSet> byName, FrozenSet<string> changed)
    {
        _byName = byName;
        _changed = changed;
    }

    /// <summary>No contents were given.</summary>
    public static IpSets None { get; } = new([]) { IsGiven = false };

    /// <summary>Whether contents were given; a set that is not among them is not known.</summary>
    public bool IsGiven { get; private init; } = true;

    /// <summary>The sets, in any order.</summary>
    public IReadOnlyCollection<IpSet> All => _byName.Values;

    /// <summary>The same, for rules that change some of the sets (<c>-j SET</c>): a rule after such a rule may meet other contents.</summary>
    /// <param name="names">The sets that are changed. What is added to a list:set goes into its members.</param>
    public IpSets WithChanged(IReadOnlyCollection<string> names) => !IsGiven || names.Count == 0 ? this : new(
        _byName,
        names.Concat(names.SelectMany(name => _byName.TryGetValue(name, out IpSet? set) ? set.Members.AsSpan().ToArray() : [])).Concat(_changed).ToFrozenSet(StringComparer.Ordinal));

    /// <summary>The same for the rules of a family: sets of the other one have no entry that a packet could be in (ip_set_core.c, ip_set_test).</summary>
    public IpSets OfFamily(IpFamily family) => !_byName.Values.Any(set => IsOfOther(set, family)) ? this : new(
        _byName.Values.Select(set => IsOfOther(set, family) ? set with { Entries = [], NotUnderstood = "" } : set).ToFrozenDictionary(static set => set.Name, StringComparer.Ordinal),
        _changed);

    private static bool IsOfOther(IpSet set, IpFamily family) => set.Family is { } own && own != family;

    /// <summary>What a packet must meet to be in a set.</summary>
    /// <param name="name">The set.</param>
    /// <param name="areSources">For each field of the set, whether the packet's source is looked up, and not its destination.</param>
    /// <param name="returnsNoMatch">Whether exceptions are looked for, and not what they are taken from (<c>--return-nomatch</c>).</param>
    /// <param name="alternatives">Receives lists of matches; the packet is in the set if it meets all matches of one of them.</param>
    /// <param name="dependsOn">Receives what the answer depends on if it cannot be decided.</param>
    /// <returns>Whether it can be decided.</returns>
    public bool TryTest(string name, ReadOnlySpan<bool> areSources, bool returnsNoMatch, out EquatableArray<EquatableArray<RuleStep>> alternatives, out string dependsOn)
    {
        List<EquatableArray<RuleStep>> found = [];
        alternatives = [];
        dependsOn = "";
        if (!IsGiven)
        {
            dependsOn = Contents;
            return false;
        }

        if (!_byName.TryGetValue(name, out IpSet? set))
        {
            dependsOn = $"{Contents} {name}, which is not among those given";
            return false;
        }

        if (set.Type != IpSet.ListType)
        {
            dependsOn = Add(set, areSources, returnsNoMatch, found);
        }
        else
        {
            dependsOn = Unreadable(set);
            foreach (string member in set.Members)
            {
                // A list cannot be in a list (ipset(8), list:set).
                string reason = _byName.TryGetValue(member, out IpSet? inner) ? Add(inner, areSources, returnsNoMatch, found) : $"{Contents} {member} in {name}, which is not among those given";
                dependsOn = dependsOn.Length == 0 ? reason : dependsOn;
            }
        }

        alternatives = EquatableArray.CopyOf(found);
        return dependsOn.Length == 0;
    }

    /// <summary>A digest of the contents of a set that cannot be tested; empty if they are not known.</summary>
    public string DigestOf(string name) => !_byName.TryGetValue(name, out IpSet? set) ? ""
        : set.Type == IpSet.ListType ? string.Join(',', set.Members.AsSpan().ToArray().Order(StringComparer.Ordinal).Select(member => $"{member} {(_byName.TryGetValue(member, out IpSet? inner) ? inner.Digest : 0):x}"))
        : $"{set.Digest:x}";

    private string Unreadable(IpSet set) => _changed.Contains(set.Name) ? $"{Contents} {set.Name}, which a rule changes (-j SET)"
        : set.NotUnderstood.Length == 0 ? "" : $"{Contents} {set.Name}, which are not understood ({set.NotUnderstood})";

    /// <summary>Adds what a packet must meet to be in a set that is no list.</summary>
    /// <returns>Why that cannot be said; empty if it can.</returns>
    private string Add(IpSet set, ReadOnlySpan<bool> areSources, bool returnsNoMatch, List<EquatableArray<RuleStep>> alternatives)
    {
        if (Unreadable(set) is { Length: > 0 } reason)
        {
            return reason;
        }

        if (IpSet.FieldsOf(set.Type) is not { } fields)
        {
            return $"{Contents} {set.Name}, whose type {set.Type} is not decided by addresses and ports";
        }

        if (fields.Length > areSources.Length)
        {
            // The kernel finds nothing then (ip_set_core.c, ip_set_test).
            return "";
        }

        // Of types without networks the kernel ignores the option (ip_set_core.c, ip_set_test).
        IpSetEntry[] entries = set.Entries.AsSpan().ToArray();
        entries = returnsNoMatch && set.Type.Contains("net", StringComparison.Ordinal) ? Array.ConvertAll(entries, static entry => entry with { IsNoMatch = !entry.IsNoMatch }) : entries;
        bool hasExceptions = Array.Exists(entries, static entry => entry.IsNoMatch);
        bool mayHaveExceptions = set.Type is "hash:net" or "hash:net,port" or "hash:ip,port,net";
        if (hasExceptions && (!mayHaveExceptions || Array.Exists(entries, static entry => entry.Ports is { } ports && ports.First != ports.Last)))
        {
            return $"{Contents} {set.Name}, whose type {set.Type} with nomatch is not decided";
        }

        // Entries that differ by one address only become one list of ranges.
        bool hasSecond = fields is [.., IpSetField.Address] && fields.Length > 1;
        foreach (IGrouping<IpSetEntry, IpSetEntry> group in entries.GroupBy(entry => entry with { First = hasSecond ? entry.First : null, Second = null, IsNoMatch = false }))
        {
            List<RuleStep> steps = [];
            int field = 0;
            if (fields[0] == IpSetField.Address)
            {
                List<AddressRange> ranges = hasSecond ? [group.Key.First!.Value] : MatchedRanges.Of(group.Select(static entry => (entry.First!.Value, entry.IsNoMatch))); // the type has the field
                steps.Add(new RuleStep.AddressMatch(SideOf(areSources[field++]), EquatableArray.CopyOf(ranges), IsNegated: false));
                if (ranges.Count == 0)
                {
                    continue;
                }
            }

            if (group.Key.Ports is { } ports)
            {
                if (group.Key.Protocol is { } protocol)
                {
                    steps.Add(new RuleStep.ProtocolMatch(protocol, IsNegated: false));
                }

                steps.Add(new RuleStep.PortMatch(areSources[field++] ? PacketField.SourcePort : PacketField.DestinationPort, ports.First, ports.Last, IsNegated: false));
            }

            if (hasSecond)
            {
                List<AddressRange> ranges = MatchedRanges.Of(group.Select(static entry => (entry.Second!.Value, entry.IsNoMatch))); // the type has the field
                if (ranges.Count == 0)
                {
                    continue;
                }

                steps.Add(new RuleStep.AddressMatch(SideOf(areSources[field]), EquatableArray.CopyOf(ranges), IsNegated: false));
            }

            alternatives.Add(EquatableArray.CopyOf(steps));
        }

        return "";
    }

    private static PacketField SideOf(bool isSource) => isSource ? PacketField.Source : PacketField.Destination;
}
