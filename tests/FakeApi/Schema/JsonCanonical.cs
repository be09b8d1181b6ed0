using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>
/// Rewrites an object as the API server prints it: its order of fields, zero values left out, unknown fields dropped
/// (kubernetes-wire.md 7.2).
/// </summary>
internal static class JsonCanonical
{
    private const string Seconds = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string Micros = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    /// <summary>The object with its kind and apiVersion first; <paramref name="metadata"/> has members of metadata that replace those of the object.</summary>
    public static byte[] Write(JsonElement value, WireMessage message, string kind, string apiVersion, IReadOnlyDictionary<string, string>? metadata)
    {
        ArrayBufferWriter<byte> output = new(1024);
        using (Utf8JsonWriter writer = new(output, JsonText.Compact))
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, kind);
            writer.WriteString("apiVersion"u8, apiVersion);
            foreach (WireField field in message.Printed)
            {
                WriteMember(writer, value, field, field.Name == "metadata" ? metadata : null);
            }

            writer.WriteEndObject();
        }

        return JsonText.EscapeForHtml(output.WrittenSpan);
    }

    private static void WriteMember(Utf8JsonWriter writer, JsonElement value, WireField field, IReadOnlyDictionary<string, string>? inside)
    {
        JsonElement member = default;
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(field.Name, out JsonElement found) && found.ValueKind != JsonValueKind.Null)
        {
            member = found;
        }

        if (IsPrinted(member, field))
        {
            writer.WritePropertyName(field.EncodedName);
            WriteValue(writer, member, field, inside);
        }
    }

    private static bool IsPrinted(JsonElement member, WireField field) => field switch
    {
        { Presence: Presence.Printed or Presence.RepeatedPrinted } => true,
        { IsRepeated: false, Presence: Presence.Always, Kind: FieldKind.Message } => true,
        { Presence: Presence.Pointer } => member.ValueKind != JsonValueKind.Undefined,
        _ => member.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.False => false,
            JsonValueKind.String => member.GetString() is not "",
            JsonValueKind.Number => member.GetRawText() is not "0",
            JsonValueKind.Array => member.GetArrayLength() > 0,
            JsonValueKind.Object => member.EnumerateObject().Any(),
            _ => true,
        },
    };

    private static void WriteValue(Utf8JsonWriter writer, JsonElement value, WireField field, IReadOnlyDictionary<string, string>? inside)
    {
        if (field.IsRepeated && field.Kind is not (FieldKind.TextMap or FieldKind.QuantityMap))
        {
            WriteList(writer, value, field);
        }
        else
        {
            WriteOne(writer, value, field, inside);
        }
    }

    private static void WriteList(Utf8JsonWriter writer, JsonElement value, WireField field)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartArray();
        foreach (JsonElement item in value.EnumerateArray())
        {
            WriteOne(writer, item, field, null);
        }

        writer.WriteEndArray();
    }

    private static void WriteOne(Utf8JsonWriter writer, JsonElement value, WireField field, IReadOnlyDictionary<string, string>? inside)
    {
        bool set = value.ValueKind != JsonValueKind.Undefined;
        switch (field.Kind)
        {
            case FieldKind.Message:
                writer.WriteStartObject();
                foreach (WireField child in field.Child.Printed)
                {
                    if (inside is not null && inside.TryGetValue(child.Name, out string? text))
                    {
                        writer.WriteString(child.EncodedName, text);
                    }
                    else
                    {
                        WriteMember(writer, value, child, null);
                    }
                }

                writer.WriteEndObject();
                break;
            case FieldKind.TextMap or FieldKind.QuantityMap:
                writer.WriteStartObject();
                foreach (JsonProperty entry in value.EnumerateObject().OrderBy(entry => entry.Name, StringComparer.Ordinal))
                {
                    entry.WriteTo(writer);
                }

                writer.WriteEndObject();
                break;
            case FieldKind.Time or FieldKind.MicroTime:
                WriteTime(writer, value, set, field.Kind == FieldKind.Time ? Seconds : Micros);
                break;
            case FieldKind.Text when !set:
                writer.WriteStringValue("");
                break;
            case FieldKind.Number or FieldKind.NumberOrText when !set:
                writer.WriteNumberValue(0);
                break;
            case FieldKind.Flag when !set:
                writer.WriteBooleanValue(false);
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private static void WriteTime(Utf8JsonWriter writer, JsonElement value, bool set, string format)
    {
        if (!set)
        {
            writer.WriteNullValue();
            return;
        }

        DateTimeOffset time = DateTimeOffset.Parse(value.GetString() ?? "", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        writer.WriteStringValue(time.UtcDateTime.ToString(format, CultureInfo.InvariantCulture));
    }
}
