using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Addresses;

/// <summary>The addresses on the interfaces of the node, kept up to date.</summary>
public interface IInterfaceAddressFeed : IDisposable
{
    /// <summary>Can be read when there is something for <see cref="Update"/> to take over.</summary>
    SafeHandle Handle { get; }

    /// <summary>Takes over what was reported since the last time, without waiting, or lists anew where that is not enough.</summary>
    /// <returns>Each address once, ordered.</returns>
    /// <exception cref="NetlinkException">Receiving or listing failed; the next call lists anew.</exception>
    IReadOnlyList<IpAddress> Update();

    /// <summary>Makes the next <see cref="Update"/> list anew.</summary>
    void Distrust();
}
