using System.Buffers.Text;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Text;

/// <summary>The fields of one direction of a flow: a field that occurs a second time belongs to the other direction.</summary>
internal struct DirectionFields
{
    private Fields _seen;
    private IpAddress _source;
    private IpAddress _destination;
    private ushort _sourcePort;
    private ushort _destinationPort;
    private ulong _packets;
    private ulong _bytes;
    private bool _isIPv6;

    [Flags]
    private enum Fields
    {
        None = 0,
        Source = 1,
        Destination = 2,
        SourcePort = 4,
        DestinationPort = 8,
        Type = 16,
        Code = 32,
        Id = 64,
        Packets = 128,
        Bytes = 256,
    }

    /// <summary>Whether both addresses are there.</summary>
    public readonly bool IsComplete => (_seen & (Fields.Source | Fields.Destination)) == (Fields.Source | Fields.Destination);

    /// <summary>The family, derived from the form of the source address.</summary>
    public readonly IpFamily Family => _isIPv6 ? IpFamily.IPv6 : IpFamily.IPv4;

    public readonly FlowCounters Counters => new(_packets, _bytes);

    /// <summary>Whether a field belongs to this direction and has not occurred yet.</summary>
    public readonly bool Wants(ReadOnlySpan<byte> key)
    {
        Fields field = Find(key);

        // "id=" is the id of an ICMP echo, and after both directions the id of the flow (-o id).
        return field != Fields.None && (_seen & field) == 0 && (field != Fields.Id || (_seen & Fields.Type) != 0);
    }

    /// <summary>Parses a field for which <see cref="Wants"/> is true.</summary>
    public bool TryRead(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Fields field = Find(key);
        _seen |= field;
        switch (field)
        {
            case Fields.Source:
                _isIPv6 = value.Contains((byte)':');
                return IpAddress.TryParse(value, out _source);
            case Fields.Destination:
                return IpAddress.TryParse(value, out _destination) && value.Contains((byte)':') == _isIPv6;
            case Fields.Packets:
                return TryNumber(value, out _packets);
            case Fields.Bytes:
                return TryNumber(value, out _bytes);
        }

        if (!TryNumber(value, out ulong number) || number > (field is Fields.Type or Fields.Code ? byte.MaxValue : ushort.MaxValue))
        {
            return false;
        }

        switch (field)
        {
            case Fields.SourcePort or Fields.Id:
                _sourcePort = (ushort)number;
                break;
            case Fields.DestinationPort:
                _destinationPort = (ushort)number;
                break;
            case Fields.Type:
                _destinationPort = (ushort)((_destinationPort & 0xFF) | (int)(number << 8));
                break;
            case Fields.Code:
                _destinationPort = (ushort)((_destinationPort & 0xFF00) | (int)number);
                break;
        }

        return true;
    }

    public readonly ConntrackTuple ToTuple(byte protocol) => new(Family, protocol, _source, _destination, _sourcePort, _destinationPort);

    private static bool TryNumber(ReadOnlySpan<byte> text, out ulong value) =>
        Utf8Parser.TryParse(text, out value, out int length) && length == text.Length;

    private static Fields Find(ReadOnlySpan<byte> key) => key switch
    {
        _ when key.SequenceEqual("src"u8) => Fields.Source,
        _ when key.SequenceEqual("dst"u8) => Fields.Destination,
        _ when key.SequenceEqual("sport"u8) => Fields.SourcePort,
        _ when key.SequenceEqual("dport"u8) => Fields.DestinationPort,
        _ when key.SequenceEqual("type"u8) => Fields.Type,
        _ when key.SequenceEqual("code"u8) => Fields.Code,
        _ when key.SequenceEqual("id"u8) => Fields.Id,
        _ when key.SequenceEqual("packets"u8) => Fields.Packets,
        _ when key.SequenceEqual("bytes"u8) => Fields.Bytes,
        _ => Fields.None,
    };
}
