using System.Text;
using System.Text.Json;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>The names that identify an object of a JSON listing, as unescaped bytes of the listing.</summary>
internal ref struct NftJsonNames
{
    public ReadOnlySpan<byte> Family { get; private set; }

    public ReadOnlySpan<byte> Table { get; private set; }

    public ReadOnlySpan<byte> Chain { get; private set; }

    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The name; an error if it is missing.</summary>
    public readonly string NameText() => Name.IsEmpty ? throw new FormatException("an object without a name") : Text(Name);

    /// <summary>The text of a string, with escapes resolved.</summary>
    public static string Text(ReadOnlySpan<byte> written)
    {
        if (!written.Contains((byte)'\\'))
        {
            return Encoding.UTF8.GetString(written);
        }

        byte[] quoted = [(byte)'"', .. written, (byte)'"'];
        Utf8JsonReader reader = new(quoted);
        reader.Read();
        return reader.GetString() ?? "";
    }

    /// <summary>Reads the value of a property, or skips it.</summary>
    public void Read(ReadOnlySpan<byte> property, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
        }
        else if (property.SequenceEqual("family"u8))
        {
            Family = reader.ValueSpan;
        }
        else if (property.SequenceEqual("table"u8))
        {
            Table = reader.ValueSpan;
        }
        else if (property.SequenceEqual("chain"u8))
        {
            Chain = reader.ValueSpan;
        }
        else if (property.SequenceEqual("name"u8))
        {
            Name = reader.ValueSpan;
        }
    }
}
