using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Renderers.Iptables.Naming;

/// <summary>
/// The 16 characters that end the name of a per-service chain: base32 of the first ten bytes of a SHA-256 (spec 1.3).
/// Compares by its text.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ChainHash : IComparable<ChainHash>
{
    /// <summary>Number of characters.</summary>
    public const int TextLength = 16;

    private const int DigestBytes = 10;

    // Service-port string, protocol ("sctp" is the longest), endpoint string.
    private const int MaxInputLength = ServicePortName.MaxTextLength + 4 + EndpointAddress.MaxTextLength;

    private static readonly SearchValues<char> s_base32 = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");

    // The text itself, eight characters each, first character in the highest byte: comparing numbers compares text.
    private readonly ulong _first;
    private readonly ulong _second;

    private ChainHash(ulong first, ulong second)
    {
        _first = first;
        _second = second;
    }

    /// <summary>The hash shared by the SVC, SVL, EXT and FW chains of a service port.</summary>
    public static ChainHash Of(ServicePortName name)
    {
        Span<byte> input = stackalloc byte[MaxInputLength];
        return OfText(input[..FormatService(name, input)]);
    }

    /// <summary>The hash of the SEP chain of an endpoint of a service port.</summary>
    public static ChainHash Of(ServicePortName name, EndpointAddress endpoint)
    {
        Span<byte> input = stackalloc byte[MaxInputLength];
        int length = FormatService(name, input);
        length += endpoint.Format(input[length..]);
        return OfText(input[..length]);
    }

    /// <summary>Reads the 16 characters.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ChainHash hash)
    {
        hash = default;
        if (text.Length != TextLength || text.ContainsAnyExcept(s_base32))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[TextLength];
        Encoding.ASCII.GetBytes(text, bytes);
        hash = new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(ChainHash other)
    {
        int byFirst = _first.CompareTo(other._first);
        return byFirst != 0 ? byFirst : _second.CompareTo(other._second);
    }

    /// <summary>Writes the 16 characters.</summary>
    public void Format(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _first);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _second);
    }

    /// <summary>The 16 characters.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[TextLength];
        Format(text);
        return Encoding.ASCII.GetString(text);
    }

    private static int FormatService(ServicePortName name, Span<byte> destination)
    {
        int length = name.Format(destination);
        ReadOnlySpan<byte> protocol = name.Protocol.ToLowerText();
        protocol.CopyTo(destination[length..]);
        return length + protocol.Length;
    }

    private static ChainHash OfText(ReadOnlySpan<byte> text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, digest);
        return new(Base32(digest), Base32(digest[(DigestBytes / 2)..]));
    }

    /// <summary>RFC 4648 base32 of five bytes as eight characters.</summary>
    private static ulong Base32(ReadOnlySpan<byte> fiveBytes)
    {
        ulong bits = ((ulong)fiveBytes[0] << 32) | BinaryPrimitives.ReadUInt32BigEndian(fiveBytes[1..]);
        ulong text = 0;
        for (int shift = 35; shift >= 0; shift -= 5)
        {
            text = (text << 8) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"u8[(int)(bits >> shift) & 0x1F];
        }

        return text;
    }
}
