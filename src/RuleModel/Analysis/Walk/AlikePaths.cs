using System.Runtime.CompilerServices;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>
/// Joins many paths of a space of packets that differ only by whether one condition was assumed to be true or false. Each path
/// is looked for among those that have the same conditions before it: to compare all with all takes too long when a firewall
/// has split packets into thousands.
/// </summary>
internal static class AlikePaths
{
    /// <summary>From so many paths on it is worth while.</summary>
    public const int Many = 64;

    /// <summary>Joins them; the order of those that stay does not change.</summary>
    public static void Join(List<WalkState> states)
    {
        if (!states.Exists(static state => state.Assumed is not null))
        {
            return;
        }

        Dictionary<Key, List<int>> waiting = [];
        WalkState?[] kept = [.. states];
        bool hasJoined = false;
        for (int index = 0; index < kept.Length; index++)
        {
            int current = index;
            while (kept[current] is { Assumed: not null } state)
            {
                Key key = KeyOf(state);
                if (!waiting.TryGetValue(key, out List<int>? candidates))
                {
                    waiting.Add(key, candidates = []);
                }

                int partner = candidates.FindIndex(candidate => AreOpposite(kept[candidate]!, state)); // those that wait are kept
                if (partner < 0)
                {
                    candidates.Add(current);
                    break;
                }

                // Joined, it may be like another with an earlier condition.
                int other = candidates[partner];
                candidates.RemoveAt(partner);
                kept[current] = null;
                current = other;
                kept[current]!.Assumed = kept[current]!.Assumed!.Before; // it has one, for it waited
                hasJoined = true;
            }
        }

        if (hasJoined)
        {
            states.Clear();
            states.AddRange(kept.OfType<WalkState>());
        }
    }

    private static bool AreOpposite(WalkState one, WalkState other) =>
        one.Assumed is { } left && other.Assumed is { } right
        && left.IsTrue != right.IsTrue && ReferenceEquals(left.Before, right.Before) && left.Condition.Equals(right.Condition)
        && one.IsLike(other);

    private static Key KeyOf(WalkState state) => new(
        state.Assumed!.Condition, // the caller has looked
        state.Assumed.Before is { } before ? RuntimeHelpers.GetHashCode(before) : 0,
        state.Destination,
        state.Protocols,
        state.Kinds,
        state.OutputInterface,
        (state.Sources.First, state.Sources.Ranges.Length, state.DestinationPorts.First, state.DestinationPorts.Ranges.Length));

    /// <summary>What alike paths have in common, as far as it is cheap to see.</summary>
    private readonly record struct Key(
        RuntimeCondition Condition,
        int Before,
        IpAddress Destination,
        ProtocolSet Protocols,
        ConnectionKinds Kinds,
        string? OutputInterface,
        (UInt128 Source, int Sources, ushort Port, int Ports) Sets);
}
