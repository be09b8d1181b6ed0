using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Says in words why a rule matched a packet.</summary>
internal static class MatchDescription
{
    public static IReadOnlyList<string> Describe(WalkRule rule, WalkState packet)
    {
        List<string> words = [];
        foreach (RuleStep step in rule.Steps)
        {
            if (Describe(step, packet) is { Length: > 0 } text)
            {
                words.Add(text);
            }
        }

        return words;
    }

    private static string Describe(RuleStep step, WalkState packet) => step switch
    {
        RuleStep.AddressMatch { Ranges.Length: 1, IsNegated: false } match when match.Ranges[0].IsSingle => $"{FieldName(match.Field)} is {match.Ranges[0]}",
        RuleStep.AddressMatch match =>
            $"{FieldText(match.Field, packet)} is {(match.IsNegated ? "not " : "")}in {string.Join(", ", match.Ranges.AsSpan().ToArray().Select(range => range.ToString()))}",
        RuleStep.ProtocolMatch match => $"protocol is {(match.IsNegated ? "not " : "")}{(match.Protocol is { } protocol ? Protocol(protocol) : "another")}",
        RuleStep.PortMatch { IsNegated: false } match when match.First == match.Last => FormattableString.Invariant($"{FieldName(match.Field)} is {match.First}"),
        RuleStep.PortMatch match => $"{FieldText(match.Field, packet)} is {(match.IsNegated ? "not " : "")}{(match.First == match.Last ? $"{match.First}" : $"{match.First} to {match.Last}")}",
        RuleStep.PortsMatch match =>
            $"{FieldText(match.Field, packet)} is {(match.IsNegated ? "not " : "")}in {string.Join(", ", match.Ranges.AsSpan().ToArray().Select(range => range.ToString()))}",
        RuleStep.InterfaceMatch { IsInput: true } match when packet.InputInterface == WalkPacket.UnknownInterface => $"input interface is {(match.IsNegated ? "not " : "")}{Interface(match)}",
        RuleStep.InterfaceMatch { IsInput: true } match when packet.InputInterface.Length == 0 => $"made by the node, so not from {Interface(match)}",
        RuleStep.InterfaceMatch { IsInput: true } match => $"input interface {packet.InputInterface} is {(match.IsNegated ? "not " : "")}{Interface(match)}",
        RuleStep.InterfaceMatch match => $"output interface is {(match.IsNegated ? "not " : "")}{Interface(match)}",
        RuleStep.MarkMatch match => $"mark 0x{packet.Mark:x} masked with 0x{match.Mask:x} is {(match.IsNegated ? "not " : "")}0x{match.Value:x}",
        RuleStep.ConnectionMarkMatch match => $"connection mark 0x{packet.ConnectionMark:x} masked with 0x{match.Mask:x} is {(match.IsNegated ? "not " : "")}0x{match.Value:x}",
        RuleStep.AddressTypeMatch match => $"{FieldText(match.Field, packet)} is {(match.IsNegated ? "not " : "")}of type {match.Types}",
        RuleStep.AnyOf match => (match.IsNegated ? "not: " : "") + string.Join(", or ", match.Alternatives.AsSpan().ToArray().Select(matches => string.Join(" and ", matches.AsSpan().ToArray().Select(inner => Describe(inner, packet))))),
        RuleStep.SettledMatch { OnlyFirstPacket: true } match => $"the first packet of a connection {(match.Holds ? "meets" : "does not meet")} {match.Text}",
        RuleStep.TrackedMatch => "connection is tracked",
        RuleStep.StateMatch match => $"connection is {(match.IsNegated ? "not " : "")}{match.States}".ToLowerInvariant(),
        RuleStep.LocalMatch match => $"{FieldText(match.Field, packet)} is {(match.IsNegated ? "not " : "")}an address of this node",
        RuleStep.RandomMatch match => FormattableString.Invariant($"by chance, {match.Probability:0.####} of what comes this far"),
        RuleStep.SetMatch match => $"{KeyText(match.Key, packet)} is {(match.IsNegated ? "not " : "")}in set {match.Set.Name}",
        RuleStep.VerdictLookup lookup => $"{KeyText(lookup.Key, packet)} is in {(lookup.Map.Name.Length == 0 ? "the map" : "map " + lookup.Map.Name)}",
        RuleStep.DnatLookup lookup => $"{KeyText(lookup.Key, packet)} is in {(lookup.Map.Name.Length == 0 ? "the map" : "map " + lookup.Map.Name)}",
        RuleStep.UnknownMatch { DependsOn.Length: > 0 } match => $"if {match.Text}, which depends on {match.DependsOn}",
        RuleStep.UnknownMatch match => $"not understood: {match.Text}",
        _ => "",
    };

    private static string FieldName(PacketField field) => field switch
    {
        PacketField.Source => "source",
        PacketField.Destination => "destination",
        PacketField.SourcePort => "source port",
        PacketField.DestinationPort => "destination port",
        PacketField.OriginalDestination => "original destination",
        PacketField.OriginalDestinationPort => "original destination port",
        _ => "protocol",
    };

    private static string Interface(RuleStep.InterfaceMatch match) => match.IsPrefix ? match.Name + "*" : match.Name;

    private static string KeyText(Collections.EquatableArray<KeyPart> key, WalkState packet) =>
        string.Join(" . ", key.AsSpan().ToArray().Select(part => FieldText(part.Field, packet, part.Modulus)));

    private static string FieldText(PacketField field, WalkState packet, int modulus = 0) => field switch
    {
        PacketField.Source => $"source {string.Join(", ", packet.Sources.Ranges.ToArray().Select(range => range.ToString()))}",
        PacketField.Destination => $"destination {packet.Destination}",
        PacketField.Protocol => $"protocol {Protocol(packet.Protocols)}",
        PacketField.SourcePort when !packet.SourcePorts.IsSingle => "source port",
        PacketField.SourcePort => FormattableString.Invariant($"source port {packet.SourcePorts.First}"),
        PacketField.OriginalDestination => $"original destination {packet.Original?.Address ?? packet.Destination}",
        PacketField.OriginalDestinationPort => FormattableString.Invariant($"original destination port {packet.Original?.Port ?? packet.PresentPorts.First}"),
        PacketField.DestinationPort => FormattableString.Invariant($"destination port {packet.PresentPorts.First}"),
        _ when modulus == 1 => "0",
        _ => FormattableString.Invariant($"a random number below {modulus}"),
    };

    private static string Protocol(ProtocolSet protocols) => protocols switch
    {
        ProtocolSet.Udp => "udp",
        ProtocolSet.Sctp => "sctp",
        _ => "tcp",
    };

    private static string Protocol(TransportProtocol protocol) => protocol switch
    {
        TransportProtocol.Udp => "udp",
        TransportProtocol.Sctp => "sctp",
        _ => "tcp",
    };
}
