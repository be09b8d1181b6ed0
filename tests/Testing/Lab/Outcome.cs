namespace KubeProxySharp.Testing.Lab;

/// <summary>The outcome of an attempt to reach a server.</summary>
public enum Outcome
{
    /// <summary>A server answered.</summary>
    Answered,

    /// <summary>An RST or an ICMP error came back.</summary>
    Refused,

    /// <summary>Nothing came back in time.</summary>
    Dropped,

    /// <summary>A server answered, but only after TCP had repeated its first packet, which was lost.</summary>
    Late,

    /// <summary>The connection was established and then closed without an answer.</summary>
    Broken,
}
