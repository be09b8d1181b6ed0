using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>The keys of a set or map, found by destination and ordered by their other parts.</summary>
internal sealed class LookupIndex
{
    private readonly Dictionary<IpAddress, LookupEntry[]>? _byDestination;
    private readonly LookupEntry[] _all;

    /// <summary>Reads keys.</summary>
    /// <param name="key">The parts.</param>
    /// <param name="keys">The texts.</param>
    public LookupIndex(EquatableArray<KeyPart> key, IEnumerable<string> keys)
    {
        foreach (KeyPart part in key)
        {
            HasProtocol |= part.Field == PacketField.Protocol;
            HasSource |= part.Field == PacketField.Source;
            HasSourcePort |= part.Field == PacketField.SourcePort;
            HasDestinationPort |= part.Field == PacketField.DestinationPort;
            HasDestination |= part.Field == PacketField.Destination;
        }

        Dictionary<IpAddress, List<LookupEntry>> byDestination = [];
        int value = 0;
        foreach (string text in keys)
        {
            if (TryRead(key, text, value++, out IpAddress destination, out LookupEntry entry))
            {
                if (!byDestination.TryGetValue(destination, out List<LookupEntry>? entries))
                {
                    entries = [];
                    byDestination.Add(destination, entries);
                }

                entries.Add(entry);
            }
            else
            {
                HasUnread = true;
                HasUnreadValue |= !IsOfOtherProtocol(key, text);
            }
        }

        _all = HasDestination || byDestination.Count == 0 ? [] : Ordered(byDestination[default]);
        if (HasDestination)
        {
            _byDestination = new(byDestination.Count);
            foreach ((IpAddress destination, List<LookupEntry> entries) in byDestination)
            {
                _byDestination.Add(destination, Ordered(entries));
            }
        }
    }

    /// <summary>Whether the key has a protocol.</summary>
    public bool HasProtocol { get; }

    /// <summary>Whether the key has a source address.</summary>
    public bool HasSource { get; }

    /// <summary>Whether the key has a source port.</summary>
    public bool HasSourcePort { get; }

    /// <summary>Whether the key has a destination port.</summary>
    public bool HasDestinationPort { get; }

    /// <summary>Whether the key has a destination address.</summary>
    public bool HasDestination { get; }

    /// <summary>Whether there are keys that could not be read, such as a protocol that no Service has.</summary>
    public bool HasUnread { get; }

    /// <summary>Whether there are keys that could not be read for another reason than their protocol.</summary>
    public bool HasUnreadValue { get; }

    /// <summary>The destinations of keys.</summary>
    public IEnumerable<IpAddress> Destinations => _byDestination?.Keys ?? Enumerable.Empty<IpAddress>();

    /// <summary>The keys for a destination.</summary>
    public ReadOnlySpan<LookupEntry> For(IpAddress destination) =>
        _byDestination is null ? _all : _byDestination.TryGetValue(destination, out LookupEntry[]? entries) ? entries : [];

    private static bool IsOfOtherProtocol(EquatableArray<KeyPart> key, string text)
    {
        string[] parts = text.Split(" . ");
        int index = Array.FindIndex(key.AsSpan().ToArray(), static part => part.Field == PacketField.Protocol);
        return index >= 0 && index < parts.Length && parts[index] is not ("tcp" or "udp" or "sctp");
    }

    private static LookupEntry[] Ordered(List<LookupEntry> entries)
    {
        entries.Sort();
        return [.. entries];
    }

    private static bool TryRead(EquatableArray<KeyPart> key, string text, int value, out IpAddress destination, out LookupEntry entry)
    {
        destination = default;
        ProtocolSet protocol = ProtocolSet.None;
        UInt128 source = 0;
        ushort sourcePort = 0;
        ushort destinationPort = 0;
        int number = 0;
        entry = default;
        ReadOnlySpan<char> left = text;
        for (int index = 0; index < key.Length; index++)
        {
            int end = left.IndexOf(" . ", StringComparison.Ordinal);
            ReadOnlySpan<char> word = index == key.Length - 1 || end < 0 ? left : left[..end];
            left = end < 0 ? default : left[(end + 3)..];
            bool isRead;
            switch (key[index].Field)
            {
                case PacketField.Source:
                    isRead = IpAddress.TryParse(word.ToString(), out IpAddress address);
                    source = address.ToBits();
                    break;
                case PacketField.Destination:
                    isRead = IpAddress.TryParse(word.ToString(), out destination);
                    break;
                case PacketField.Protocol:
                    protocol = word switch { "tcp" => ProtocolSet.Tcp, "udp" => ProtocolSet.Udp, "sctp" => ProtocolSet.Sctp, _ => ProtocolSet.None };
                    isRead = protocol != ProtocolSet.None;
                    break;
                case PacketField.SourcePort:
                    isRead = ushort.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out sourcePort);
                    break;
                case PacketField.DestinationPort:
                    isRead = ushort.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out destinationPort);
                    break;
                default:
                    isRead = int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out number);
                    break;
            }

            if (!isRead)
            {
                return false;
            }
        }

        entry = new(protocol, source, sourcePort, destinationPort, number, value);
        return true;
    }
}

/// <summary>A parsed key of a set or map, with the index of its value; parts that the key does not have are zero.</summary>
internal readonly record struct LookupEntry(ProtocolSet Protocol, UInt128 Source, ushort SourcePort, ushort DestinationPort, int Number, int Value)
    : IComparable<LookupEntry>
{
    public int CompareTo(LookupEntry other)
    {
        int order = Protocol.CompareTo(other.Protocol);
        order = order != 0 ? order : Source.CompareTo(other.Source);
        order = order != 0 ? order : SourcePort.CompareTo(other.SourcePort);
        order = order != 0 ? order : DestinationPort.CompareTo(other.DestinationPort);
        return order != 0 ? order : Number.CompareTo(other.Number);
    }
}
