using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>Compares what a walk says with what was seen of a packet.</summary>
internal static class ExpectedFate
{
    /// <summary>Whether an outcome is what was seen.</summary>
    public static bool Is(WalkOutcome outcome, ProbePacket packet, Fate fate)
    {
        switch (outcome.Verdict)
        {
            case WalkVerdict.Drop:
                return fate.Kind == FateKind.Dropped;
            case WalkVerdict.Reject when outcome.IsMasqueraded && fate.Kind == FateKind.Dropped:
                // The refusal goes to the new source of the packet, which need not be an address that the node has.
                return true;
            case WalkVerdict.Reject:
                return IsReset(outcome.RejectWith) ? fate.Kind == FateKind.Reset : fate.Kind == FateKind.Refused && fate.Code == (packet.Family == IpFamily.IPv4 ? CodeOf(outcome.RejectWith) : CodeOfV6(outcome.RejectWith));
        }

        EndpointAddress target = outcome.Target ?? new EndpointAddress(packet.Destination, packet.DestinationPort);
        bool isHere = outcome.IsToThisNode || IsOfNode(target.Address);
        bool isPlace = fate.Kind == (isHere ? FateKind.ToNode : FateKind.ToWorld);
        bool isAddress = outcome.IsToThisNode ? IsOfNode(fate.Destination.Address) : fate.Destination.Address == target.Address;
        bool isPort = outcome.TargetPorts is { } ports ? ports.Contains(fate.Destination.Port) : fate.Destination.Port == target.Port;
        return isPlace && isAddress && isPort && IsSource(outcome, packet, fate);
    }

    /// <summary>What tells an outcome from others, as a user is told.</summary>
    public static string Describe(WalkOutcome outcome) => outcome.Verdict switch
    {
        WalkVerdict.Drop => "dropped",
        WalkVerdict.Reject => $"refused with {outcome.RejectWith}",
        _ => $"to {(outcome.IsToThisNode ? $"this node:{outcome.Target?.Port}" : outcome.Target?.ToString() ?? "its destination")} {outcome.TargetPorts} {(outcome.IsMasqueraded ? $"from {outcome.NewSource}" : "")}",
    } + (outcome.IsOpen ? " (open)" : "");

    private static bool IsSource(WalkOutcome outcome, ProbePacket packet, Fate fate)
    {
        if (!outcome.IsMasqueraded || outcome.NewSource is not { } source)
        {
            return fate.Source == new EndpointAddress(packet.Source, packet.SourcePort);
        }

        bool isAddress = source.Addresses is { } range ? range.Contains(fate.Source.Address.ToBits())
            : fate.Kind == FateKind.ToNode ? IsOfNode(fate.Source.Address)
            : fate.Source.Address == RouterLab.Outgoing(packet.Family);
        bool isPort = source.Ports is { } ports ? ports.Contains(fate.Source.Port) && (source.IsRandom || !ports.Contains(packet.SourcePort) || fate.Source.Port == packet.SourcePort)
            : source.IsRandom || fate.Source.Port == packet.SourcePort;
        return isAddress && isPort;
    }

    private static bool IsOfNode(IpAddress address) => address.IsLoopback || RouterLab.NodeAddresses.Contains(address);

    private static bool IsReset(string with) => with is "tcp-reset" or "tcp reset";

    private static int CodeOf(string with) => with.Replace("icmp-", "", StringComparison.Ordinal) switch
    {
        "net-unreachable" => 0,
        "host-unreachable" => 1,
        "prot-unreachable" or "proto-unreachable" => 2,
        "net-prohibited" => 9,
        "host-prohibited" => 10,
        "admin-prohibited" => 13,
        _ => 3,
    };

    private static int CodeOfV6(string with) => with.Replace("icmp6-", "", StringComparison.Ordinal) switch
    {
        "no-route" => 0,
        "adm-prohibited" or "admin-prohibited" => 1,
        "addr-unreachable" or "host-unreachable" => 3,
        "policy-fail" => 5,
        "reject-route" => 6,
        _ => 4,
    };
}
