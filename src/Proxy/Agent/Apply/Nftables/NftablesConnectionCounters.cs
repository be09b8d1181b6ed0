using KubeProxySharp.Proxy.Agent.Counting;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// Reads the counting sets of nftables rules. A counter is there from the first connection on; it is gone when its frontend is, and
/// begins at 0 when its frontend goes to another service port. While rules are written, counters of frontends whose
/// owner then changes are left out: the next reading has them. What the rules of an earlier agent counted is subtracted.
/// </summary>
/// <param name="family">The family.</param>
/// <param name="network">Where the table is.</param>
internal sealed class NftablesConnectionCounters(IpFamily family, INetworkNamespace network) : IConnectionCounters
{
    private readonly CounterReading _reading = new(family, network);
    private readonly Lock _lock = new();
    private FrontendOwners? _last;
    private Dictionary<CountedElement, ulong> _earlier = [];
    private Dictionary<CountedElement, ulong> _earlierLeft = [];
    private bool _hasEarlier;

    /// <summary>Which rules the table has; whoever writes it reports that here.</summary>
    public CountedRules Rules { get; } = new();

    /// <summary>
    /// Notes what was counted before this agent writes its first rules, which keep the counters. Only the first call has an effect.
    /// </summary>
    /// <returns>Null, or why it is not known: then connections of before are among those that are read.</returns>
    public string? NoteEarlierCounts()
    {
        lock (_lock)
        {
            if (_hasEarlier)
            {
                return null;
            }

            _hasEarlier = true;
            string? error = _reading.Read();
            foreach ((CountedElement element, ulong packets) in _reading.Counters)
            {
                _earlier[element] = packets;
            }

            return error;
        }
    }

    /// <inheritdoc/>
    public string? Read(List<ConnectionCount> counts)
    {
        lock (_lock)
        {
            CountedRules.Snapshot before = Rules.Now;
            if (before.Rules is null && before.Others is null)
            {
                return null; // nothing was written yet: what an earlier agent left is not known
            }

            string? error = _reading.Read();
            FrontendOwners[] owners = Owners(before, Rules.Now);
            int disputed = 0;
            foreach ((CountedElement element, ulong counted) in _reading.Counters)
            {
                ulong packets = counted - EarlierCount(element, counted);
                switch (Find(owners, element, out FrontendOwner owner))
                {
                    case true:
                        counts.Add(new(owner.ServicePort, family, GroupOf(element.Set, owner), FateOf(element.Set), NumberOf(element.Key), packets));
                        break;
                    case null:
                        disputed++;
                        break;
                }
            }

            if (error is null)
            {
                // A counter that was not among them has ended, and is another one when it comes again.
                (_earlier, _earlierLeft) = (_earlierLeft, _earlier);
            }

            _earlierLeft.Clear();
            return error ?? (disputed == 0 ? null : $"{family}: {disputed} frontends are going from one service port to another");
        }
    }

    private ulong EarlierCount(CountedElement element, ulong counted)
    {
        if (_earlier.Count == 0 || !_earlier.TryGetValue(element, out ulong earlier) || counted < earlier)
        {
            return 0; // less than before: the counter began anew
        }

        _earlierLeft[element] = earlier;
        return earlier;
    }

    /// <summary>The owners by all rules that the table may have had when it was read.</summary>
    private FrontendOwners[] Owners(CountedRules.Snapshot before, CountedRules.Snapshot after)
    {
        List<FrontendOwners> owners = [];
        foreach (FamilyRules? rules in (ReadOnlySpan<FamilyRules?>)[after.Rules, after.Others, after.Stale, before.Rules, before.Others, before.Stale])
        {
            if (rules is not null && !owners.Exists(each => ReferenceEquals(each.Rules, rules)))
            {
                owners.Add(ReferenceEquals(_last?.Rules, rules) ? _last! : new(rules)); // _last is not null if its rules are these
            }
        }

        _last = owners[0];
        return [.. owners];
    }

    /// <summary>Finds the owner of a counter.</summary>
    /// <returns>Whether there is one, by all rules that know the destination; null if they do not agree.</returns>
    private static bool? Find(FrontendOwners[] all, CountedElement element, out FrontendOwner owner)
    {
        owner = default;
        bool isFound = false;
        foreach (FrontendOwners owners in all)
        {
            if (!owners.TryFind(element.Key, out FrontendOwner found))
            {
                continue;
            }

            if (isFound && !StaleCounters.IsSameCounter(element.Set, owner, found))
            {
                return null;
            }

            (owner, isFound) = (found, true);
        }

        return isFound;
    }

    private static TrafficPolicy GroupOf(string set, FrontendOwner owner) => set switch
    {
        CountingSets.SentToCluster => TrafficPolicy.Cluster,
        CountingSets.SentToLocal => TrafficPolicy.Local,
        _ => owner.Policy,
    };

    private static ConnectionFate FateOf(string set) => set switch
    {
        CountingSets.SentToCluster or CountingSets.SentToLocal => ConnectionFate.Sent,
        CountingSets.Refused => ConnectionFate.Refused,
        CountingSets.NoLocalEndpoints => ConnectionFate.NoLocalEndpoints,
        _ => ConnectionFate.SourceRanges,
    };

    /// <summary>A number that depends on the destination alone: a hash, which tells apart the few that a service port has.</summary>
    private static ulong NumberOf(CountedKey key)
    {
        const ulong Multiplier = 0x9E37_79B9_7F4A_7C15; // 2^64 divided by the golden ratio
        UInt128 bits = key.Address.ToBits();
        return ((((ulong)(bits >> 64) * Multiplier) ^ (ulong)bits) * Multiplier) + key.Port;
    }
}
