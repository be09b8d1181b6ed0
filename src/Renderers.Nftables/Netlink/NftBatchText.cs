using System.Buffers;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Text;

namespace KubeProxySharp.Renderers.Nftables.Netlink;

/// <summary>Writes netlink messages of nftables for people: each attribute with its name in linux/netfilter/nf_tables.h and its value.</summary>
public static class NftBatchText
{
    /// <summary>Writes all messages of a batch.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="output">Receives the text.</param>
    /// <exception cref="NetlinkException">A length is wrong.</exception>
    public static void Write(ReadOnlySpan<byte> messages, IBufferWriter<byte> output)
    {
        Utf8TextWriter text = new(output);
        MessageReader reader = new(messages);
        while (reader.TryRead(out NetlinkMessage message))
        {
            WriteMessage(message, ref text);
        }

        text.Flush();
    }

    private static void WriteMessage(NetlinkMessage message, ref Utf8TextWriter text)
    {
        AttributeSchema? schema = null;
        if (message.Type >> 8 == NftNumbers.Subsystem && AttributeSchema.TryFindMessage(message.Type & 0xFF, out string name, out schema))
        {
            text.Write(name);
        }
        else if (message.Type is NetlinkHeader.BatchBegin or NetlinkHeader.BatchEnd)
        {
            text.Write(message.Type == NetlinkHeader.BatchBegin ? "NFNL_MSG_BATCH_BEGIN"u8 : "NFNL_MSG_BATCH_END"u8);
            schema = AttributeSchema.Batch;
        }
        else
        {
            text.Write("message type "u8);
            text.Write((long)message.Type);
        }

        text.Write(" seq "u8);
        text.Write((long)message.Sequence);
        text.Write(message.Family switch
        {
            NetlinkHeader.FamilyIPv4 => " ip"u8,
            NetlinkHeader.FamilyIPv6 => " ip6"u8,
            _ => default,
        });
        text.Write((message.Flags & NetlinkHeader.Create) != 0 ? " NLM_F_CREATE"u8 : default);
        text.Write((message.Flags & NetlinkHeader.Append) != 0 ? " NLM_F_APPEND"u8 : default);
        text.WriteAscii((byte)'\n');
        WriteAttributes(message.Attributes, schema, depth: 1, ref text);
    }

    private static void WriteAttributes(AttributeReader attributes, AttributeSchema? schema, int depth, ref Utf8TextWriter text)
    {
        AttributeSchema? expression = null;
        while (attributes.Read())
        {
            for (int level = 0; level < depth; level++)
            {
                text.Write("  "u8);
            }

            if (schema?.Find(attributes.Type) is not { } attribute)
            {
                text.Write("attribute "u8);
                text.Write((long)attributes.Type);
                text.WriteAscii((byte)' ');
                WriteHex(attributes.Value, ref text);
                text.WriteAscii((byte)'\n');
                continue;
            }

            text.Write(schema.Prefix);
            text.Write(attribute.Name);
            if (attribute.Kind == AttributeKind.Nested)
            {
                text.WriteAscii((byte)'\n');
                WriteAttributes(attributes.Nested, attribute.Nested ?? expression, depth + 1, ref text);
                continue;
            }

            text.WriteAscii((byte)' ');
            WriteValue(attributes, attribute.Kind, ref text);
            text.WriteAscii((byte)'\n');
            if (attribute.Kind == AttributeKind.ExpressionName)
            {
                expression = AttributeSchema.OfExpression(attributes.ToText());
            }
        }
    }

    private static void WriteValue(AttributeReader attribute, AttributeKind kind, ref Utf8TextWriter text)
    {
        switch (kind)
        {
            case AttributeKind.Text or AttributeKind.ExpressionName:
                WriteQuoted(attribute.ToText(), ref text);
                break;
            case AttributeKind.Number:
                text.Write((long)attribute.ToUInt32());
                break;
            case AttributeKind.SignedNumber:
                text.Write((long)(int)attribute.ToUInt32());
                break;
            case AttributeKind.Flags:
                text.WriteHex(attribute.ToUInt32());
                break;
            case AttributeKind.LongNumber:
                text.Write((long)attribute.ToUInt64());
                break;
            case AttributeKind.Byte:
                text.Write((long)attribute.ToByte());
                break;
            case AttributeKind.VerdictCode:
                WriteVerdict((int)attribute.ToUInt32(), ref text);
                break;
            case AttributeKind.UserData:
                WriteUserData(attribute.Value, ref text);
                break;
            default:
                WriteHex(attribute.Value, ref text);
                break;
        }
    }

    private static void WriteVerdict(int code, ref Utf8TextWriter text)
    {
        ReadOnlySpan<byte> name = code switch
        {
            NftNumbers.VerdictCode.Drop => "NF_DROP"u8,
            NftNumbers.VerdictCode.Jump => "NFT_JUMP"u8,
            NftNumbers.VerdictCode.Goto => "NFT_GOTO"u8,
            NftNumbers.VerdictCode.Return => "NFT_RETURN"u8,
            _ => default,
        };
        text.Write(name);
        if (name.IsEmpty)
        {
            text.Write((long)code);
        }
    }

    /// <summary>Triples of type, length and value; what does not look like that is written as it is.</summary>
    private static void WriteUserData(ReadOnlySpan<byte> data, ref Utf8TextWriter text)
    {
        bool isFirst = true;
        while (data.Length >= 2 && data.Length >= 2 + data[1])
        {
            ReadOnlySpan<byte> value = data.Slice(2, data[1]);
            text.Write(isFirst ? default : " "u8);
            text.Write((long)data[0]);
            text.WriteAscii((byte)'=');
            if (value.Length > 1 && value[^1] == 0 && !value[..^1].ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            {
                WriteQuoted(value[..^1], ref text);
            }
            else
            {
                WriteHex(value, ref text);
            }

            data = data[(2 + value.Length)..];
            isFirst = false;
        }

        WriteHex(data, ref text);
    }

    private static void WriteQuoted(ReadOnlySpan<byte> value, ref Utf8TextWriter text)
    {
        text.WriteAscii((byte)'"');
        foreach (byte character in value)
        {
            text.WriteAscii(character is >= (byte)' ' and <= (byte)'~' ? character : (byte)'?');
        }

        text.WriteAscii((byte)'"');
    }

    private static void WriteHex(ReadOnlySpan<byte> value, ref Utf8TextWriter text)
    {
        foreach (byte each in value)
        {
            text.WriteAscii("0123456789abcdef"u8[each >> 4]);
            text.WriteAscii("0123456789abcdef"u8[each & 0xF]);
        }
    }
}
