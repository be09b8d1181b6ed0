namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>A transport protocol of a Service port. The values are the IP protocol numbers (IANA).</summary>
public enum TransportProtocol : byte
{
    /// <summary>TCP, 6.</summary>
    Tcp = 6,

    /// <summary>UDP, 17.</summary>
    Udp = 17,

    /// <summary>SCTP, 132.</summary>
    Sctp = 132,
}

/// <summary>Texts of <see cref="TransportProtocol"/>.</summary>
public static class TransportProtocols
{
    /// <summary>Reads the Kubernetes spelling, upper case.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out TransportProtocol protocol)
    {
        protocol = text.SequenceEqual("UDP"u8) ? TransportProtocol.Udp
            : text.SequenceEqual("SCTP"u8) ? TransportProtocol.Sctp
            : TransportProtocol.Tcp;
        return protocol != TransportProtocol.Tcp || text.SequenceEqual("TCP"u8);
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte}, out TransportProtocol)"/>
    public static bool TryParse(string text, out TransportProtocol protocol)
    {
        protocol = text switch { "UDP" => TransportProtocol.Udp, "SCTP" => TransportProtocol.Sctp, _ => TransportProtocol.Tcp };
        return protocol != TransportProtocol.Tcp || string.Equals(text, "TCP", StringComparison.Ordinal);
    }

    /// <summary>The lower-case name that iptables and nft use.</summary>
    public static ReadOnlySpan<byte> ToLowerText(this TransportProtocol protocol) => protocol switch
    {
        TransportProtocol.Udp => "udp"u8,
        TransportProtocol.Sctp => "sctp"u8,
        _ => "tcp"u8,
    };

    /// <summary>The upper-case name that Kubernetes uses.</summary>
    public static string ToUpperText(this TransportProtocol protocol) => protocol switch
    {
        TransportProtocol.Udp => "UDP",
        TransportProtocol.Sctp => "SCTP",
        _ => "TCP",
    };
}
