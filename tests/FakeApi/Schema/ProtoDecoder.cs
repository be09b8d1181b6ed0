using System.Buffers;
using System.Text;
using System.Text.Json;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>Converts protobuf into JSON by a field table, for posted Events.</summary>
internal static class ProtoDecoder
{
    /// <summary>The message as JSON.</summary>
    /// <exception cref="FormatException">The bytes are no such message.</exception>
    public static JsonElement Decode(ReadOnlySpan<byte> bytes, WireMessage message)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter writer = new(output, JsonText.Compact))
        {
            WriteMessage(writer, bytes, message);
        }

        return JsonDocument.Parse(output.WrittenMemory).RootElement;
    }

    private static void WriteMessage(Utf8JsonWriter writer, ReadOnlySpan<byte> bytes, WireMessage message)
    {
        writer.WriteStartObject();
        foreach (WireField field in message.Printed)
        {
            bool map = field.Kind is FieldKind.TextMap or FieldKind.QuantityMap;
            bool open = false;
            ProtoReader reader = new(bytes);
            while (reader.Next())
            {
                if (reader.Key != field.Key || (field.Kind == FieldKind.Time && reader.Content.IsEmpty))
                {
                    continue;
                }

                if (!open)
                {
                    writer.WritePropertyName(field.EncodedName);
                    Open(writer, field, map);
                    open = true;
                }

                WriteValue(writer, reader, field);
            }

            if (open && field.IsRepeated)
            {
                if (map)
                {
                    writer.WriteEndObject();
                }
                else
                {
                    writer.WriteEndArray();
                }
            }
        }

        writer.WriteEndObject();
    }

    private static void Open(Utf8JsonWriter writer, WireField field, bool map)
    {
        if (field.IsRepeated && map)
        {
            writer.WriteStartObject();
        }
        else if (field.IsRepeated)
        {
            writer.WriteStartArray();
        }
    }

    private static void WriteValue(Utf8JsonWriter writer, ProtoReader reader, WireField field)
    {
        switch (field.Kind)
        {
            case FieldKind.Text:
                writer.WriteStringValue(reader.Content);
                break;
            case FieldKind.Number:
                writer.WriteNumberValue((long)reader.Value);
                break;
            case FieldKind.Flag:
                writer.WriteBooleanValue(reader.Value != 0);
                break;
            case FieldKind.Message:
                WriteMessage(writer, reader.Content, field.Child);
                break;
            case FieldKind.TextMap:
                writer.WriteString(Encoding.UTF8.GetString(reader.Find(0x0a).Content), reader.Find(0x12).Content);
                break;
            case FieldKind.Time or FieldKind.MicroTime:
                DateTimeOffset time = DateTimeOffset.FromUnixTimeSeconds((long)reader.Find(0x08).Value).AddTicks((long)reader.Find(0x10).Value / 100);
                writer.WriteStringValue(time.UtcDateTime);
                break;
            case FieldKind.RawJson:
                writer.WriteRawValue(reader.Find(0x0a).Content);
                break;
            default:
                throw new FormatException($"field {field.Name}: a posted object cannot have one of these");
        }
    }
}
