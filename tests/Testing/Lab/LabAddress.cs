using System.Net;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Testing.Lab;

/// <summary>Addresses as sockets take them.</summary>
public static class LabAddress
{
    /// <summary>Reads an address.</summary>
    public static IPAddress Parse(string text)
    {
        Span<byte> bytes = stackalloc byte[16];
        return new(bytes[..IpAddress.Parse(text).WriteBytes(bytes)]);
    }
}
