namespace KubeProxySharp.FakeApi.Transport;

/// <summary>Which certificate the server shows.</summary>
public enum ServerCertificate
{
    /// <summary>One for localhost and its addresses, by the CA that clients are given.</summary>
    Good,

    /// <summary>By that CA, for another name.</summary>
    WrongName,

    /// <summary>By a CA that nobody knows.</summary>
    UnknownAuthority,

    /// <summary>By the right CA, but of the past.</summary>
    Expired,
}
