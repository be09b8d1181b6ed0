namespace KubeProxySharp.Conntrack.Interop;

/// <summary>Numbers of asm-generic/errno-base.h and asm-generic/errno.h that are looked at.</summary>
internal static class Errno
{
    public const int NotPermitted = 1; // EPERM
    public const int NoEntry = 2; // ENOENT
    public const int Interrupted = 4; // EINTR
    public const int TryAgain = 11; // EAGAIN
    public const int AccessDenied = 13; // EACCES
    public const int Invalid = 22; // EINVAL
    public const int NotSupported = 95; // EOPNOTSUPP
    public const int ProtocolNotSupported = 93; // EPROTONOSUPPORT
    public const int FamilyNotSupported = 97; // EAFNOSUPPORT
    public const int NoBuffers = 105; // ENOBUFS
}
