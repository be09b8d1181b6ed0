using System.Net.NetworkInformation;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent;

/// <summary>The addresses on the interfaces of this network namespace.</summary>
internal static class InterfaceAddresses
{
    /// <summary>Reads all of them, loopback and link-local ones too.</summary>
    public static IReadOnlyList<IpAddress> Read()
    {
        List<IpAddress> addresses = [];
        foreach (NetworkInterface device in NetworkInterface.GetAllNetworkInterfaces())
        {
            foreach (UnicastIPAddressInformation unicast in device.GetIPProperties().UnicastAddresses)
            {
                addresses.Add(IpAddress.FromBytes(unicast.Address.GetAddressBytes()));
            }
        }

        return addresses;
    }
}
