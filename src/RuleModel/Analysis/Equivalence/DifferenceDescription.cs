using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>Describes the parts of the packets that two rule sets treat differently, by a packet of each.</summary>
/// <param name="family">The family.</param>
/// <param name="factsA">The first rule set.</param>
/// <param name="factsB">The second.</param>
internal sealed class DifferenceDescription(IpFamily family, RuleFacts factsA, RuleFacts factsB)
{
    // Protocols that no Service has; each stands for all such protocols of its family (IANA).
    private const byte OtherIPv4Protocol = 1; // ICMP
    private const byte OtherIPv6Protocol = 58; // ICMPv6

    /// <summary>
    /// A difference under a match that is not understood is one if both rule sets have that match: it holds or not for both.
    /// Otherwise it cannot be told, nor if they met different statements that are not understood.
    /// </summary>
    public bool IsUncertain(in ComparedCell cell, IReadOnlyList<PathCondition> conditions, List<ResultShare> a, List<ResultShare> b)
    {
        for (ComparedCell.SettledCondition? link = cell.Conditions; link is not null; link = link.Before)
        {
            string text = conditions[link.Condition].Text;
            if (text.Length != 0 && !(factsA.UnknownMatches.Contains(text) && factsB.UnknownMatches.Contains(text)))
            {
                return true;
            }
        }

        return !a.Select(share => share.Result.Unknown).ToHashSet(StringComparer.Ordinal).SetEquals(b.Select(share => share.Result.Unknown));
    }

    public RulesetDifference Describe(
        IpAddress destination, TrafficOrigin origin, in ComparedCell cell, IReadOnlyList<PathCondition> conditions, List<ResultShare> a, List<ResultShare> b)
    {
        List<string> listsA = [];
        List<string> listsB = [];
        List<string> endpoints = [];
        List<(string, bool)> assumptions = [];
        for (ComparedCell.SettledCondition? link = cell.Conditions; link is not null; link = link.Before)
        {
            PathCondition condition = conditions[link.Condition];
            if (condition.Text.Length != 0)
            {
                assumptions.Add((condition.Text, link.IsTrue));
            }
            else if (link.IsTrue)
            {
                endpoints.Add(condition.Endpoint);
                AddIfAny(listsA, condition.ListA);
                AddIfAny(listsB, condition.ListB);
            }
        }

        TransportProtocol? protocol = ProtocolSets.FirstOf(cell.Protocols);
        WalkPacket packet = new(
            new AddressRange(cell.Source, cell.Source),
            destination,
            protocol ?? (TransportProtocol)(family == IpFamily.IPv4 ? OtherIPv4Protocol : OtherIPv6Protocol),
            cell.DestinationPort)
        {
            SourcePort = cell.SourcePort,
            InputInterface = origin.Interface,
            OutputInterface = cell.OutputInterface,
            Mark = cell.Mark,
            State = ConnectionKindStates.Of(cell.Kinds),
        };
        return new()
        {
            PacketA = packet with { KnownTo = EquatableArray.CopyOf(listsA) },
            PacketB = packet with { KnownTo = EquatableArray.CopyOf(listsB) },
            A = a,
            B = b,
            KnownEndpoints = endpoints,
            Assumptions = assumptions,
        };
    }

    private static void AddIfAny(List<string> lists, string? list)
    {
        if (list is not null)
        {
            lists.Add(list);
        }
    }
}
