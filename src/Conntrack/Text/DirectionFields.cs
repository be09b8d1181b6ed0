using System.Buffers.Text;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Text;

/// <summary>The words of one direction of a flow: the second time a word comes it belongs to the other direction.</summary>
internal struct DirectionFields
{
    private Words _seen;
    private IpAddress _source;
    private IpAddress _destination;
    private ushort _sourcePort;
    private ushort _destinationPort;
    private ulong _packets;
    private ulong _bytes;
    private bool _isIPv6;

    [Flags]
    private enum Words
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
    public readonly bool IsComplete => (_seen & (Words.Source | Words.Destination)) == (Words.Source | Words.Destination);

    /// <summary>The family, by how the source is written.</summary>
    public readonly IpFamily Family => _isIPv6 ? IpFamily.IPv6 : IpFamily.IPv4;

    /// <summary>What passed.</summary>
    public readonly FlowCounters Counters => new(_packets, _bytes);

    /// <summary>Whether a word belongs to this direction and has not come yet.</summary>
    public readonly bool Wants(ReadOnlySpan<byte> key)
    {
        Words word = Find(key);

        // "id=" is both the id of an echo, and that of the flow after all directions (-o id).
        return word != Words.None && (_seen & word) == 0 && (word != Words.Id || (_seen & Words.Type) != 0);
    }

    /// <summary>Reads a word that <see cref="Wants"/> wants.</summary>
    public bool TryRead(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Words word = Find(key);
        _seen |= word;
        switch (word)
        {
            case Words.Source:
                _isIPv6 = value.Contains((byte)':');
                return IpAddress.TryParse(value, out _source);
            case Words.Destination:
                return IpAddress.TryParse(value, out _destination) && value.Contains((byte)':') == _isIPv6;
            case Words.Packets:
                return TryNumber(value, out _packets);
            case Words.Bytes:
                return TryNumber(value, out _bytes);
        }

        if (!TryNumber(value, out ulong number) || number > (word is Words.Type or Words.Code ? byte.MaxValue : ushort.MaxValue))
        {
            return false;
        }

        switch (word)
        {
            case Words.SourcePort or Words.Id:
                _sourcePort = (ushort)number;
                break;
            case Words.DestinationPort:
                _destinationPort = (ushort)number;
                break;
            case Words.Type:
                _destinationPort = (ushort)((_destinationPort & 0xFF) | (int)(number << 8));
                break;
            case Words.Code:
                _destinationPort = (ushort)((_destinationPort & 0xFF00) | (int)number);
                break;
        }

        return true;
    }

    public readonly ConntrackTuple ToTuple(byte protocol) => new(Family, protocol, _source, _destination, _sourcePort, _destinationPort);

    private static bool TryNumber(ReadOnlySpan<byte> text, out ulong value) =>
        Utf8Parser.TryParse(text, out value, out int length) && length == text.Length;

    private static Words Find(ReadOnlySpan<byte> key) => key switch
    {
        _ when key.SequenceEqual("src"u8) => Words.Source,
        _ when key.SequenceEqual("dst"u8) => Words.Destination,
        _ when key.SequenceEqual("sport"u8) => Words.SourcePort,
        _ when key.SequenceEqual("dport"u8) => Words.DestinationPort,
        _ when key.SequenceEqual("type"u8) => Words.Type,
        _ when key.SequenceEqual("code"u8) => Words.Code,
        _ when key.SequenceEqual("id"u8) => Words.Id,
        _ when key.SequenceEqual("packets"u8) => Words.Packets,
        _ when key.SequenceEqual("bytes"u8) => Words.Bytes,
        _ => Words.None,
    };
}
