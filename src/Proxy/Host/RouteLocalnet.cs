using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Host;

/// <summary>Lets packets for 127.0.0.0/8 leave the loopback interface, for node ports on localhost (spec 7.6).</summary>
/// <param name="sysctl">Kernel parameters.</param>
/// <param name="logger">Logs the change.</param>
internal sealed partial class RouteLocalnet(ISysctl sysctl, ILogger<RouteLocalnet> logger)
{
    /// <summary>Switches it on unless it is; it is never switched off again.</summary>
    /// <exception cref="KernelSetupException">The kernel does not take it.</exception>
    public void Enable()
    {
        if (sysctl.TryRead(SysctlNames.RouteLocalnet) == 1)
        {
            return;
        }

        LogEnable();
        sysctl.Write(SysctlNames.RouteLocalnet, 1);
    }

    [LoggerMessage(EventId = 3001, Level = LogLevel.Information, Message = "Setting route_localnet=1 to allow node-ports on localhost; to change this either disable iptables.localhostNodePorts (--iptables-localhost-nodeports) or set nodePortAddresses (--nodeport-addresses) to filter loopback addresses")]
    private partial void LogEnable();
}
