using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>Describes a packet as text.</summary>
internal static class PacketText
{
    /// <summary><c>from 203.0.113.9:40000 via eth0 to 192.0.2.10:30080/tcp</c>.</summary>
    public static string Describe(RulesetDifference difference)
    {
        WalkPacket packet = difference.PacketA;
        bool hasPorts = HasPorts(packet.Protocol);
        IpAddress source = IpAddress.FromBits(packet.Source.First);
        string from = hasPorts ? new EndpointAddress(source, packet.SourcePort).ToString() : source.ToString();
        string to = Destination(packet);
        string via = packet.InputInterface is null ? " (the node itself)" : $" via {packet.InputInterface}";
        string text = $"from {from}{via} to {to}";
        text += packet.OutputInterface is null ? "" : $", leaving by {packet.OutputInterface}";
        text += packet.Mark == 0 ? "" : $", with mark 0x{packet.Mark:x}";
        text += packet.State == ConnectionStates.New ? "" : $", {Describe(packet.State)}";
        foreach (string endpoint in difference.KnownEndpoints)
        {
            text += $", of a client that was sent to {endpoint} before";
        }

        foreach ((string match, bool isTrue) in difference.Assumptions)
        {
            text += $", if \"{match}\" {(isTrue ? "matches" : "does not match")}";
        }

        return text;
    }

    /// <summary><c>192.0.2.10:30080/tcp</c>, or without port for other protocols.</summary>
    public static string Destination(WalkPacket packet) => HasPorts(packet.Protocol)
        ? $"{new EndpointAddress(packet.Destination, packet.DestinationPort)}/{Protocol(packet.Protocol)}"
        : $"{packet.Destination}/{Protocol(packet.Protocol)}";

    /// <summary>The name of a protocol.</summary>
    public static string Protocol(TransportProtocol protocol) => HasPorts(protocol) ? protocol.ToUpperText().ToLowerInvariant() : "icmp";

    /// <summary>The state of a connection, as conntrack names it.</summary>
    public static string Describe(ConnectionStates state) => string.Join(
        " and ",
        Enum.GetValues<ConnectionStates>().Where(bit => bit != ConnectionStates.None && (state & bit) != 0).Select(static bit => bit switch
        {
            ConnectionStates.New => "new",
            ConnectionStates.Established => "established",
            ConnectionStates.Related => "related",
            ConnectionStates.Invalid => "invalid",
            ConnectionStates.Dnat => "with rewritten destination",
            ConnectionStates.Snat => "with rewritten source",
            _ => "untracked",
        }));

    /// <summary>The result of one side, with the share of each result.</summary>
    public static string Describe(IReadOnlyList<ResultShare> shares) => string.Join("; ", shares.Select(share =>
        share.Share > 1 - 1e-9 ? share.Result.ToString() : FormattableString.Invariant($"{share.Share * 100:0.####} % {share.Result}")));

    private static bool HasPorts(TransportProtocol protocol) => protocol is TransportProtocol.Tcp or TransportProtocol.Udp or TransportProtocol.Sctp;
}
