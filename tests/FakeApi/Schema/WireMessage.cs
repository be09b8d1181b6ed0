using System.Text.Json;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>A message as a table: the fields in the order of JSON, and again in the order of their numbers.</summary>
internal sealed class WireMessage(params WireField[] fields)
{
    /// <summary>The fields in the order in which the server prints them as JSON.</summary>
    public IReadOnlyList<WireField> Printed { get; } = fields;

    /// <summary>The fields in the order in which the server writes them as protobuf.</summary>
    public IReadOnlyList<WireField> Numbered { get; } = [.. fields.OrderBy(field => field.Number)];

    public WireField? Find(int number)
    {
        foreach (WireField field in Numbered)
        {
            if (field.Number == number)
            {
                return field;
            }
        }

        return null;
    }
}

/// <summary>One field of a message: its number on the wire and its name in JSON.</summary>
internal sealed record WireField(int Number, string Name, FieldKind Kind, Presence Presence = Presence.Always, WireMessage? Message = null)
{
    /// <summary>The message of a field of kind Message.</summary>
    public WireMessage Child => Message ?? throw new InvalidOperationException($"field {Name} has no message");

    public bool IsRepeated => Presence is Presence.Repeated or Presence.RepeatedPrinted;

    public JsonEncodedText EncodedName { get; } = JsonEncodedText.Encode(Name, JsonText.Encoder);

    /// <summary>Number and wire type: 0 is a varint, 2 has a length.</summary>
    public uint Key { get; } = ((uint)Number << 3) | (Kind is FieldKind.Number or FieldKind.Flag ? 0u : 2u);
}

/// <summary>The type of a field, which determines its encoding (kubernetes-wire.md 1.5, 1.7).</summary>
internal enum FieldKind
{
    Text,
    Number,
    Flag,
    Message,

    /// <summary>A map of strings, in both formats sorted by key.</summary>
    TextMap,

    /// <summary>A map of quantities, which are strings in JSON and messages of one string on the wire.</summary>
    QuantityMap,

    /// <summary>Whole seconds; an unset time is an empty message.</summary>
    Time,

    /// <summary>Microseconds, in JSON with exactly six digits.</summary>
    MicroTime,

    /// <summary>IntOrString: all three fields are always written.</summary>
    NumberOrText,

    /// <summary>A JSON document carried as bytes (fieldsV1).</summary>
    RawJson,
}

/// <summary>When a field is written (kubernetes-wire.md 1.5, 7.2).</summary>
internal enum Presence
{
    /// <summary>On the wire always, in JSON only when it is not zero (messages always).</summary>
    Always,

    /// <summary>In both formats always.</summary>
    Printed,

    /// <summary>In both formats only when set.</summary>
    Pointer,

    /// <summary>A list; in JSON only when it is not empty.</summary>
    Repeated,

    /// <summary>A list; in JSON <c>null</c> when it is empty.</summary>
    RepeatedPrinted,
}
