using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>JSON text as Go's encoder writes it: only angle brackets and ampersands are escaped.</summary>
internal static class JsonText
{
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    public static JsonWriterOptions Compact { get; } = new() { Encoder = Encoder, SkipValidation = true };

    private static readonly JsonWriterOptions s_pretty = new() { Encoder = Encoder, Indented = true, IndentSize = 2, NewLine = "\n" };

    /// <summary>Replaces the characters that Go escapes; they can only stand inside strings.</summary>
    public static byte[] EscapeForHtml(ReadOnlySpan<byte> json)
    {
        if (!json.ContainsAny("<>&"u8))
        {
            return json.ToArray();
        }

        ArrayBufferWriter<byte> output = new(json.Length + 64);
        foreach (byte value in json)
        {
            ReadOnlySpan<byte> text = value switch
            {
                (byte)'<' => "\\u003c"u8,
                (byte)'>' => "\\u003e"u8,
                (byte)'&' => "\\u0026"u8,
                _ => [value],
            };
            output.Write(text);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>The same document with line breaks, as curl and browsers get it (kubernetes-wire.md 1.1).</summary>
    public static byte[] Indent(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        ArrayBufferWriter<byte> output = new(json.Length * 2);
        using (Utf8JsonWriter writer = new(output, s_pretty))
        {
            document.WriteTo(writer);
        }

        return EscapeForHtml(output.WrittenSpan);
    }
}
