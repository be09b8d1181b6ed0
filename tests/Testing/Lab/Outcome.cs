namespace KubeProxySharp.Testing.Lab;

/// <summary>What became of an attempt to reach a server.</summary>
public enum Outcome
{
    /// <summary>A server answered.</summary>
    Answered,

    /// <summary>An RST or an ICMP error came back.</summary>
    Refused,

    /// <summary>Nothing came back in time.</summary>
    Dropped,

    /// <summary>A server answered, but only after TCP had repeated its first packet: that was lost on the way.</summary>
    Late,

    /// <summary>The connection was made and then ended without an answer.</summary>
    Broken,
}
