using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>What it means that a field of the packet has a value, for every kind of field that is understood (nft(8), expressions).</summary>
/// <param name="family">The family of the walk.</param>
internal sealed class NftFields(IpFamily family)
{
    private const int SynFlag = 2;

    /// <summary>The match of a field with one value: a word, a prefix or a range. Null if the field or the value is not understood.</summary>
    public RuleStep? Match(NftExpression field, NftExpression value)
    {
        while (value is NftExpression.Element element)
        {
            value = element.Value;
        }

        return field switch
        {
            NftExpression.Payload { Protocol: "ip" or "ip6", Field: "saddr" or "daddr" } payload => Address(payload.Field == "saddr" ? PacketField.Source : PacketField.Destination, value),
            NftExpression.Payload { Protocol: "th" or "tcp" or "udp" or "sctp", Field: "sport" or "dport" } payload =>
                Port(payload.Field == "sport" ? PacketField.SourcePort : PacketField.DestinationPort, value),
            NftExpression.Payload { Protocol: "ip", Field: "protocol" } or NftExpression.Payload { Protocol: "ip6", Field: "nexthdr" } or NftExpression.Meta { Key: "l4proto" }
                or NftExpression.Connection { Key: "protocol" or "original protocol" } => Protocol(value),
            NftExpression.Payload { Protocol: "ether", Field: "type" } or NftExpression.Meta { Key: "nfproto" or "protocol" } or NftExpression.Connection { Key: "l3proto" or "original l3proto" } => Family(field, value),
            NftExpression.Payload { Protocol: "tcp", Field: "flags" } => Flags(value) is { } flags
                ? new RuleStep.SettledMatch($"tcp flags {NftText.Of(value)}", flags == SynFlag, OnlyFirstPacket: true)
                : null,
            NftExpression.Meta { Key: "iifname" or "iif" or "oifname" or "oif" } meta => Interface(meta.Key[0] == 'i', value),
            NftExpression.Meta { Key: "mark" } => NftNumber.TryRead(value, out uint mark) ? new RuleStep.MarkMatch(uint.MaxValue, mark, IsNegated: false) : null,
            NftExpression.Binary { Operator: "&", Left: NftExpression.Meta { Key: "mark" } or NftExpression.Connection { Key: "mark" } } masked => Masked(masked, value),
            NftExpression.Meta { Key: "pkttype" } => PacketType(value),
            NftExpression.Connection { Key: "mark" } => NftNumber.TryRead(value, out uint mark) ? new RuleStep.ConnectionMarkMatch(uint.MaxValue, mark, IsNegated: false) : null,
            NftExpression.Connection connection => Connection(connection.Key, value),
            NftExpression.Fib { Result: "type" } fib => AddressType(fib.Inputs, value),
            _ => null,
        };
    }

    /// <summary>What decides a match of a field that is known but not part of the question; empty for one that is not understood.</summary>
    public static string DependsOn(NftExpression field) => field switch
    {
        NftExpression.Payload { Protocol: "ether" } => "the MAC addresses of the packet",
        NftExpression.Payload { Protocol: "icmp" or "icmpv6" } => "the ICMP message",
        NftExpression.Payload { Protocol: "ip" or "ip6" or "tcp" or "udp" or "vlan" or "tcp option" } payload => $"the field {payload.Protocol} {payload.Field} of the packet",
        NftExpression.Meta { Key: "skuid" or "skgid" or "cgroup" } => "the user of the program that sends",
        NftExpression.Meta { Key: "hour" or "day" or "time" } => "the time of day",
        NftExpression.Meta { Key: "length" } => "the length of the packet",
        NftExpression.Meta { Key: "iifgroup" or "oifgroup" or "iiftype" or "oiftype" or "iifkind" or "oifkind" or "ibrname" or "obrname" or "cpu" or "priority" or "rtclassid" or "pkttype" } meta => $"meta {meta.Key}",
        NftExpression.Connection => "the connection's entry in conntrack",
        NftExpression.Fib => "the routes of the node",
        NftExpression.Binary binary => DependsOn(binary.Left),
        _ => "",
    };

    /// <summary>The bits of TCP flags, as of <c>fin,syn</c> or <c>fin|syn</c>; null if there is anything else.</summary>
    public static int? Flags(NftExpression value)
    {
        switch (value)
        {
            case NftExpression.Word word:
                int flags = 0;
                foreach (string name in word.Text.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                {
                    int flag = name switch { "fin" => 1, "syn" => SynFlag, "rst" => 4, "psh" => 8, "ack" => 16, "urg" => 32, "ecn" => 64, "cwr" => 128, _ => -1 };
                    flag = flag < 0 && NftNumber.TryRead(name, out uint number) && number < 256 ? (int)number : flag;
                    if (flag < 0)
                    {
                        return null;
                    }

                    flags |= flag;
                }

                return flags;
            case NftExpression.Flags list:
                return Array.TrueForAll(list.Parts, part => Flags(part) is not null) ? list.Parts.Aggregate(0, static (all, part) => all | Flags(part)!.Value) : null; // just tested
            case NftExpression.Binary { Operator: "|" } both:
                return Flags(both.Left) is { } left && Flags(both.Right) is { } right ? left | right : null;
            default:
                return null;
        }
    }

    /// <summary>A range of ports; null for anything else.</summary>
    public static PortRange? Ports(NftExpression value) => value switch
    {
        NftExpression.Word word => PortNames.TryParse(word.Text, out ushort port) ? new PortRange(port, port) : null,
        NftExpression.Range { First: NftExpression.Word first, Last: NftExpression.Word last } =>
            PortNames.TryParse(first.Text, out ushort from) && PortNames.TryParse(last.Text, out ushort to) && from <= to ? new PortRange(from, to) : null,
        NftExpression.Element element => Ports(element.Value),
        _ => null,
    };

    /// <summary>The state or status that a word stands for; none if it is another word.</summary>
    public static ConnectionStates State(string word) => word switch
    {
        "new" => ConnectionStates.New,
        "established" => ConnectionStates.Established,
        "related" => ConnectionStates.Related,
        "invalid" => ConnectionStates.Invalid,
        "untracked" => ConnectionStates.Untracked,
        "dnat" => ConnectionStates.Dnat,
        "snat" => ConnectionStates.Snat,
        _ => ConnectionStates.None,
    };

    private static RuleStep? Masked(NftExpression.Binary masked, NftExpression value) =>
        !NftNumber.TryRead(masked.Right, out uint mask) || !NftNumber.TryRead(value, out uint mark) ? null
        : masked.Left is NftExpression.Meta ? new RuleStep.MarkMatch(mask, mark, IsNegated: false)
        : new RuleStep.ConnectionMarkMatch(mask, mark, IsNegated: false);

    private static RuleStep.AddressMatch? Address(PacketField field, NftExpression value) =>
        NftElements.Range(value) is { } range ? new RuleStep.AddressMatch(field, [range], IsNegated: false) : null;

    private static RuleStep.PortsMatch? Port(PacketField field, NftExpression value) =>
        Ports(value) is { } range ? new RuleStep.PortsMatch(field, [range], IsNegated: false) : null;

    private static RuleStep.ProtocolMatch? Protocol(NftExpression value) => value is not NftExpression.Word word ? null : NftElements.Protocol(word.Text) switch
    {
        "tcp" => new(TransportProtocol.Tcp, IsNegated: false),
        "udp" => new(TransportProtocol.Udp, IsNegated: false),
        "sctp" => new(TransportProtocol.Sctp, IsNegated: false),
        _ => new(null, IsNegated: false),
    };

    private RuleStep.SettledMatch? Family(NftExpression field, NftExpression value)
    {
        if (value is not NftExpression.Word word)
        {
            return null;
        }

        IpFamily? wanted = word.Text switch
        {
            "ip" or "ipv4" or "0x0800" or "2" => IpFamily.IPv4,
            "ip6" or "ipv6" or "0x86dd" or "10" => IpFamily.IPv6,
            _ => null,
        };
        return new($"{NftText.Of(field)} {word.Text}", wanted == family, OnlyFirstPacket: false);
    }

    private static RuleStep.InterfaceMatch? Interface(bool isInput, NftExpression value)
    {
        if (value is not NftExpression.Word { Text.Length: > 0 } word)
        {
            return null;
        }

        bool isPrefix = word.Text.EndsWith('*');
        return new(isInput, isPrefix ? word.Text[..^1] : word.Text, isPrefix, IsNegated: false);
    }

    private static RuleStep.AddressTypeMatch? PacketType(NftExpression value) => (value as NftExpression.Word)?.Text switch
    {
        "host" or "unicast" => new(PacketField.Destination, AddressTypes.Unicast | AddressTypes.Local, IsNegated: false),
        "broadcast" => new(PacketField.Destination, AddressTypes.Broadcast, IsNegated: false),
        "multicast" => new(PacketField.Destination, AddressTypes.Multicast, IsNegated: false),
        _ => null,
    };

    private static RuleStep? Connection(string key, NftExpression value)
    {
        switch (key)
        {
            case "state" or "status":
                ConnectionStates state = value is NftExpression.Word word ? State(word.Text) : ConnectionStates.None;
                bool isStatus = state is ConnectionStates.Dnat or ConnectionStates.Snat;
                return state != ConnectionStates.None && isStatus == (key == "status") ? new RuleStep.StateMatch(state, IsNegated: false)
                    : key == "status" && value is NftExpression.Word { Text: "seen-reply" or "assured" } ? new RuleStep.SettledMatch($"ct status {NftText.Of(value)}", Holds: false, OnlyFirstPacket: true)
                    : null;
            case "direction":
                return value is NftExpression.Word { Text: "original" or "reply" } direction
                    ? new RuleStep.SettledMatch($"ct direction {direction.Text}", direction.Text == "original", OnlyFirstPacket: true)
                    : null;
            case "original ip saddr" or "original ip6 saddr" or "original saddr":
                return Address(PacketField.Source, value);
            case "original ip daddr" or "original ip6 daddr" or "original daddr":
                return Address(PacketField.OriginalDestination, value);
            case "original proto-src":
                return Port(PacketField.SourcePort, value);
            case "original proto-dst":
                return Port(PacketField.OriginalDestinationPort, value);
            default:
                return null;
        }
    }

    private static RuleStep? AddressType(string inputs, NftExpression value)
    {
        string[] parts = inputs.Split(" . ");
        bool isOfInterface = parts.Length == 2 && parts[1] is "iif" or "oif";
        if (parts[0] is not ("saddr" or "daddr") || (parts.Length > 1 && !isOfInterface) || value is not NftExpression.Word word)
        {
            return null;
        }

        PacketField field = parts[0] == "saddr" ? PacketField.Source : PacketField.Destination;
        AddressTypes types = word.Text switch
        {
            "local" => AddressTypes.Local,
            "unicast" => AddressTypes.Unicast,
            "broadcast" => AddressTypes.Broadcast,
            "multicast" => AddressTypes.Multicast,
            _ => AddressTypes.Other,
        };
        return types == AddressTypes.Local && !isOfInterface
            ? new RuleStep.LocalMatch(field, IsNegated: false)
            : new RuleStep.AddressTypeMatch(field, types, IsNegated: false, isOfInterface);
    }
}
