using System.ComponentModel;

namespace KubeProxySharp.Proxy.DBus;

/// <summary>The system bus is not there, or not any more.</summary>
internal sealed class BusException(string message) : Exception(message)
{
    /// <summary>Throws for a negated errno; other results are returned.</summary>
    public static int ThrowIfFailed(int result, string what) =>
        result >= 0 ? result : throw new BusException($"{what} failed: {new Win32Exception(-result).Message}");
}
