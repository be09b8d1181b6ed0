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
