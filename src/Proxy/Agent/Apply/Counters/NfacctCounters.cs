using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Iptables;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Apply.Counters;

/// <summary>The nfacct counters that iptables rules refer to (spec 5.2), made and read. A rule that refers to a missing one is refused.</summary>
/// <param name="network">The namespace: each has counters of its own.</param>
/// <param name="log">Receives a message when a counter cannot be created.</param>
internal sealed class NfacctCounters(INetworkNamespace network, ILogger log)
{
    /// <summary>Ensures both counters, and says in the options which of them exist.</summary>
    public IptablesOptions Ensure(IptablesOptions options) => options with
    {
        HasInvalidDropCounter = Ensure(IptablesOptions.InvalidDropCounterName),
        HasLocalhostCounter = Ensure(IptablesOptions.LocalhostCounterName),
    };

    /// <summary>Reads how many packets a counter has seen; null if there is no such counter, or it cannot be read.</summary>
    public ulong? Packets(string name) => network.Run(() => NfacctRequests.Read(name));

    private bool Ensure(string name)
    {
        int error = network.Run(() => NfacctRequests.Create(name));
        if (error is 0 or Errno.Exists)
        {
            return true;
        }

        log.CounterUnavailable(name, System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error));
        return false;
    }
}
