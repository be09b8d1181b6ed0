namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>The errno values of asm-generic/errno-base.h and asm-generic/errno.h that are handled.</summary>
public static class Errno
{
    /// <summary>EPERM.</summary>
    public const int NotPermitted = 1;

    /// <summary>ENOENT.</summary>
    public const int NoEntry = 2;

    /// <summary>EINTR; of a listing: its objects changed meanwhile.</summary>
    public const int Interrupted = 4;

    /// <summary>EAGAIN: there is nothing to receive, or nothing arrived in time.</summary>
    public const int TryAgain = 11;

    /// <summary>ENOMEM.</summary>
    public const int NoMemory = 12;

    /// <summary>EACCES.</summary>
    public const int AccessDenied = 13;

    /// <summary>EEXIST.</summary>
    public const int Exists = 17;

    /// <summary>EINVAL.</summary>
    public const int Invalid = 22;

    /// <summary>ERESTART: of a batch, the rules are not of the generation that it is meant for.</summary>
    public const int Restart = 85;

    /// <summary>EMSGSIZE.</summary>
    public const int MessageTooLong = 90;

    /// <summary>EPROTO: protocol error.</summary>
    public const int Protocol = 71;

    /// <summary>EPROTONOSUPPORT.</summary>
    public const int ProtocolNotSupported = 93;

    /// <summary>EOPNOTSUPP.</summary>
    public const int NotSupported = 95;

    /// <summary>EAFNOSUPPORT.</summary>
    public const int FamilyNotSupported = 97;

    /// <summary>ENOBUFS: the kernel dropped datagrams because they were not received fast enough.</summary>
    public const int NoBuffers = 105;
}
