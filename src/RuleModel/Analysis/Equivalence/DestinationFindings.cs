using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>Collects the differences of packets to one destination: one for each port and protocol, with how many parts of the packets differ so.</summary>
/// <param name="destination">The destination.</param>
/// <param name="description">Describes them.</param>
/// <param name="known">Recognises documented differences of the modes; null if the rule sets are of one mode.</param>
internal sealed class DestinationFindings(IpAddress destination, DifferenceDescription description, KnownModeDifferences? known)
{
    private readonly Dictionary<(ushort Port, ProtocolSet Protocols, string? Mode, bool IsUncertain), int> _places = [];
    private List<RulesetDifference>? _differences;

    /// <summary>What was found.</summary>
    public IReadOnlyList<RulesetDifference> Differences => _differences ?? (IReadOnlyList<RulesetDifference>)[];

    /// <summary>Whether there is a difference that is sure and not documented.</summary>
    public bool HasCertain { get; private set; }

    /// <summary>Compares paths, and adds what differs.</summary>
    /// <param name="equivalence">Compares.</param>
    /// <param name="origin">The origin.</param>
    /// <param name="paths">The paths of both rule sets.</param>
    /// <param name="mostClasses">How many parts are described, at most, once there is a sure difference.</param>
    public void Add(PathEquivalence equivalence, TrafficOrigin origin, (List<WalkState> A, List<WalkState> B) paths, long mostClasses)
    {
        long classes = 0;
        equivalence.Compare(paths.A, paths.B, (cell, a, b) =>
        {
            ModeDifference? mode = known?.Classify(destination, origin, cell, a, b);
            bool isUncertain = description.IsUncertain(cell, equivalence.Conditions, a, b);
            (ushort, ProtocolSet, string?, bool) key = (cell.DestinationPort, cell.Protocols, mode?.Name, isUncertain);
            _differences ??= [];
            if (_places.TryGetValue(key, out int place))
            {
                _differences[place] = _differences[place] with { Classes = _differences[place].Classes + 1 };
            }
            else
            {
                _places.Add(key, _differences.Count);
                _differences.Add(description.Describe(destination, origin, cell, equivalence.Conditions, a, b) with { Mode = mode, IsUncertain = isUncertain });
            }

            classes++;
            HasCertain |= mode is null && !isUncertain;
            return !HasCertain || classes < mostClasses;
        });
        if (classes >= mostClasses)
        {
            NoteSample();
        }
    }

    /// <summary>Notes that not all kinds of packets were looked at.</summary>
    public void NoteSample()
    {
        for (int index = 0; index < (_differences?.Count ?? 0); index++)
        {
            _differences![index] = _differences[index] with { IsSample = true }; // there are some
        }
    }
}
