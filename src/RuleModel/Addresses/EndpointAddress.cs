using System.Buffers.Text;
using System.Text;

namespace KubeProxySharp.RuleModel.Addresses;

/// <summary>An address with a transport port: a DNAT target. Its text is kube-proxy's endpoint string (spec 1.2).</summary>
/// <param name="Address">The address.</param>
/// <param name="Port">The port, 1 to 65535.</param>
public readonly record struct EndpointAddress(IpAddress Address, ushort Port)
{
    /// <summary>The longest text in bytes: an address in brackets, a colon and five digits.</summary>
    public const int MaxTextLength = IpAddress.MaxTextLength + 8;

    /// <summary>
    /// Orders by the bytes of the endpoint string, the order of rules in a chain (spec 3.6): <c>10.0.1.10:80</c> comes
    /// before <c>10.0.1.1:80</c>, because <c>0</c> sorts before <c>:</c>.
    /// </summary>
    public static int CompareText(EndpointAddress left, EndpointAddress right)
    {
        Span<byte> leftText = stackalloc byte[MaxTextLength];
        Span<byte> rightText = stackalloc byte[MaxTextLength];
        return leftText[..left.Format(leftText)].SequenceCompareTo(rightText[..right.Format(rightText)]);
    }

    /// <summary>Writes the endpoint string as ASCII: <c>10.0.0.1:80</c> or <c>[fd00::1]:80</c>.</summary>
    /// <param name="destination">At least <see cref="MaxTextLength"/> bytes.</param>
    /// <returns>The number of bytes written.</returns>
    public int Format(Span<byte> destination)
    {
        int length = 0;
        bool isIPv4 = Address.IsIPv4;
        if (!isIPv4)
        {
            destination[length++] = (byte)'[';
        }

        length += Address.Format(destination[length..]);
        return FormatEnd(destination, length, isIPv4);
    }

    /// <summary>Writes the endpoint as iptables-save prints a DNAT target (see <see cref="IpAddress.FormatAsListed"/>).</summary>
    /// <param name="destination">At least <see cref="MaxTextLength"/> bytes.</param>
    /// <returns>The number of bytes written.</returns>
    public int FormatAsListed(Span<byte> destination)
    {
        int length = 0;
        bool isIPv4 = Address.IsIPv4;
        if (!isIPv4)
        {
            destination[length++] = (byte)'[';
        }

        length += Address.FormatAsListed(destination[length..]);
        return FormatEnd(destination, length, isIPv4);
    }

    /// <summary>The endpoint string of spec 1.2.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[MaxTextLength];
        return Encoding.ASCII.GetString(text[..Format(text)]);
    }

    private int FormatEnd(Span<byte> destination, int length, bool isIPv4)
    {
        if (!isIPv4)
        {
            destination[length++] = (byte)']';
        }

        destination[length++] = (byte)':';
        Utf8Formatter.TryFormat(Port, destination[length..], out int written);
        return length + written;
    }
}
