using System.Text.Json;

namespace KubeProxySharp.FakeApi.Schema;

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
