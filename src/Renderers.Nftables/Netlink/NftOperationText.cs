using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Renderers.Nftables.Rendering;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using static KubeProxySharp.Renderers.Nftables.Netlink.NftNumbers;

namespace KubeProxySharp.Renderers.Nftables.Netlink;

/// <summary>Describes single messages of a batch as nft's language writes them, for messages about what the kernel refuses.</summary>
public static class NftOperationText
{
    private const byte CommentType = 0; // NFTNL_UDATA_RULE_COMMENT, NFTNL_UDATA_SET_ELEM_COMMENT of libnftnl's udata.h

    /// <summary>
    /// The commands that messages stand for, such as <c>add element ip kube-proxy service-ips { 10.96.0.1 . tcp . 80 comment
    /// "shop/web:http" }</c>; of rules only the chain and the comment.
    /// </summary>
    /// <param name="messages">The batch, which is read once.</param>
    /// <param name="offsets">
    /// By the sequence numbers of messages, where in each an attribute is, in bytes from its header: of elements, the one that
    /// has it is described; 0 for the first.
    /// </param>
    /// <returns>By the same numbers, the commands of those that the batch has.</returns>
    /// <exception cref="NetlinkException">A length is wrong.</exception>
    public static Dictionary<uint, string> Describe(ReadOnlySpan<byte> messages, IReadOnlyDictionary<uint, int> offsets)
    {
        Dictionary<uint, string> commands = new(offsets.Count);
        MessageReader reader = new(messages);
        while (commands.Count < offsets.Count && reader.TryRead(out NetlinkMessage message))
        {
            if (message.Type >> 8 == Subsystem && offsets.TryGetValue(message.Sequence, out int offset))
            {
                commands[message.Sequence] = Describe(message, offset);
            }
        }

        return commands;
    }

    private static string Describe(NetlinkMessage message, int offset)
    {
        string table = message.Family == NetlinkHeader.FamilyIPv4 ? "ip kube-proxy" : "ip6 kube-proxy";
        return (message.Type & 0xFF) switch
        {
            Message.NewTable => $"add table {table}",
            Message.DelTable => $"delete table {table}",
            Message.NewChain => $"add chain {table} {Text(message, ChainAttribute.Name)}",
            Message.DelChain => $"delete chain {table} {Text(message, ChainAttribute.Name)}",
            Message.NewRule => $"add rule {table} {Text(message, RuleAttribute.Chain)}{Comment(message.Attributes, RuleAttribute.UserData)}",
            Message.DelRule => Text(message, RuleAttribute.Chain) is { Length: > 0 } chain ? $"flush chain {table} {chain}" : $"flush table {table}",
            Message.NewSet => $"add {Kind(message)} {table} {Text(message, SetAttribute.Name)}",
            Message.DelSet => $"delete set {table} {Text(message, SetAttribute.Name)}",
            Message.NewSetElem => $"add element {table} {Text(message, ElementListAttribute.Set)} {Element(message, offset)}",
            Message.DelSetElem => $"delete element {table} {Text(message, ElementListAttribute.Set)} {Element(message, offset)}",
            _ => string.Create(CultureInfo.InvariantCulture, $"message type {message.Type & 0xFF}"),
        };
    }

    private static string Kind(NetlinkMessage message)
    {
        AttributeReader attributes = message.Attributes;
        return attributes.TryFind(SetAttribute.Flags) && (attributes.ToUInt32() & SetFlag.Map) != 0 ? "map" : "set";
    }

    private static string Text(NetlinkMessage message, ushort type)
    {
        AttributeReader attributes = message.Attributes;
        return attributes.TryFind(type) ? Encoding.UTF8.GetString(attributes.ToText()) : "";
    }

    private static string Comment(AttributeReader attributes, ushort type)
    {
        if (!attributes.TryFind(type))
        {
            return "";
        }

        // Type, length and value; the comment is the only one that we write.
        ReadOnlySpan<byte> data = attributes.Value;
        return data.Length > 2 && data[0] == CommentType && data.Length >= 2 + data[1]
            ? $" comment \"{Encoding.UTF8.GetString(data.Slice(2, data[1]).TrimEnd((byte)0))}\""
            : "";
    }

    private static string Element(NetlinkMessage message, int offset)
    {
        AttributeReader attributes = message.Attributes;
        if (!attributes.TryFind(ElementListAttribute.Elements))
        {
            return "{ }";
        }

        // Where the elements begin: the list is the last attribute of the message.
        int position = NetlinkHeader.Length + message.Payload.Length - NetlinkHeader.Align(attributes.Value.Length);
        AttributeReader elements = attributes.Nested;
        while (elements.Read())
        {
            position += NetlinkHeader.AttributeLength + NetlinkHeader.Align(elements.Value.Length);
            if (position > offset)
            {
                return $"{{ {Key(elements.Nested, message)}{Comment(elements.Nested, ElementAttribute.UserData)} }}";
            }
        }

        return "{ }";
    }

    private static string Key(AttributeReader element, NetlinkMessage message)
    {
        if (!element.TryFind(ElementAttribute.Key))
        {
            return "";
        }

        AttributeReader data = element.Nested;
        if (!data.TryFind(DataAttribute.Value))
        {
            return "";
        }

        ReadOnlySpan<byte> value = data.Value;
        int addressLength = message.Family == NetlinkHeader.FamilyIPv4 ? 4 : 16;
        AttributeReader attributes = message.Attributes;
        KeyFields fields = attributes.TryFind(ElementListAttribute.Set) ? SetKeys.Of(attributes.ToText()) : KeyFields.None;
        List<string> parts = [];
        foreach (KeyFields field in (ReadOnlySpan<KeyFields>)[KeyFields.SourceAddress, KeyFields.DestinationAddress, KeyFields.Protocol, KeyFields.DestinationPort, KeyFields.Slot])
        {
            int length = field is KeyFields.SourceAddress or KeyFields.DestinationAddress ? addressLength : sizeof(uint);
            if ((fields & field) == 0 || value.Length < length)
            {
                continue;
            }

            parts.Add(field switch
            {
                KeyFields.Protocol => Encoding.ASCII.GetString(((TransportProtocol)value[0]).ToLowerText()),
                KeyFields.DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(value).ToString(CultureInfo.InvariantCulture),
                KeyFields.Slot => BinaryPrimitives.ReadInt32LittleEndian(value).ToString(CultureInfo.InvariantCulture),
                _ => IpAddress.FromBytes(value[..length]).ToString(),
            });
            value = value[length..];
        }

        return parts.Count == 0 ? Convert.ToHexStringLower(value) : string.Join(" . ", parts);
    }
}
