using System.Globalization;
using System.Text;
using System.Text.Json;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>Writes a JSON object as protobuf by a field table, as gogo-protobuf does (kubernetes-wire.md 1.5).</summary>
internal static class ProtoEncoder
{
    public static byte[] Encode(JsonElement value, WireMessage message)
    {
        ProtoBuffer buffer = new();
        Write(buffer, value, message);
        return buffer.ToArray();
    }

    private static void Write(ProtoBuffer buffer, JsonElement value, WireMessage message)
    {
        foreach (WireField field in message.Numbered)
        {
            JsonElement member = default;
            bool set = value.ValueKind == JsonValueKind.Object && value.TryGetProperty(field.Name, out member) && member.ValueKind != JsonValueKind.Null;
            if (!set && (field.IsRepeated || field.Presence == Presence.Pointer))
            {
                continue;
            }

            if (field.Kind is FieldKind.TextMap or FieldKind.QuantityMap)
            {
                WriteMap(buffer, member, field);
            }
            else if (field.IsRepeated)
            {
                foreach (JsonElement item in member.EnumerateArray())
                {
                    WriteValue(buffer, item, field);
                }
            }
            else
            {
                WriteValue(buffer, member, field);
            }
        }
    }

    private static void WriteValue(ProtoBuffer buffer, JsonElement value, WireField field)
    {
        bool set = value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);
        switch (field.Kind)
        {
            case FieldKind.Text:
                buffer.Text(field.Key, set ? value.GetString() ?? "" : "");
                break;
            case FieldKind.Number:
                buffer.Varint(field.Key);
                buffer.Varint(set ? (ulong)value.GetInt64() : 0);
                break;
            case FieldKind.Flag:
                buffer.Varint(field.Key);
                buffer.Varint(set && value.GetBoolean() ? 1u : 0);
                break;
            default:
                int start = buffer.Begin(field.Key);
                WriteContent(buffer, value, set, field);
                buffer.End(start);
                break;
        }
    }

    private static void WriteContent(ProtoBuffer buffer, JsonElement value, bool set, WireField field)
    {
        switch (field.Kind)
        {
            case FieldKind.Message:
                Write(buffer, value, field.Child);
                break;
            case FieldKind.Time or FieldKind.MicroTime when set:
                DateTimeOffset time = DateTimeOffset.Parse(value.GetString() ?? "", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
                buffer.Varint(0x08);
                buffer.Varint((ulong)time.ToUnixTimeSeconds());
                buffer.Varint(0x10);
                // Whole microseconds (kubernetes-wire.md 1.7, MicroTime); a Time has none at all.
                long micros = field.Kind == FieldKind.MicroTime ? time.UtcTicks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond : 0;
                buffer.Varint((ulong)micros * 1000);
                break;
            case FieldKind.NumberOrText:
                bool text = set && value.ValueKind == JsonValueKind.String;
                buffer.Varint(0x08);
                buffer.Varint(text ? 1u : 0);
                buffer.Varint(0x10);
                buffer.Varint(set && !text ? (ulong)value.GetInt64() : 0);
                buffer.Text(0x1a, text ? value.GetString() ?? "" : "");
                break;
            case FieldKind.RawJson when set:
                buffer.Bytes(0x0a, Encoding.UTF8.GetBytes(value.GetRawText()));
                break;
        }
    }

    private static void WriteMap(ProtoBuffer buffer, JsonElement map, WireField field)
    {
        foreach (JsonProperty entry in map.EnumerateObject().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            int start = buffer.Begin(field.Key);
            buffer.Text(0x0a, entry.Name);
            if (field.Kind == FieldKind.TextMap)
            {
                buffer.Text(0x12, entry.Value.GetString() ?? "");
            }
            else
            {
                int quantity = buffer.Begin(0x12);
                buffer.Text(0x0a, entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() ?? "" : entry.Value.GetRawText());
                buffer.End(quantity);
            }

            buffer.End(start);
        }
    }
}
