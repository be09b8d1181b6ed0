using System.Text;
using KubeProxySharp.Proxy.Commands.Bundle.Collect;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Tests.Commands.Bundle.Collect;

public sealed class RuleCollectorTests
{
    [Theory]
    [InlineData(":KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT\n", ProxyMode.Ipvs)]
    [InlineData(":KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -m set --match-set KUBE-6-CLUSTER-IP dst,dst -j ACCEPT\n", ProxyMode.Ipvs)]
    [InlineData(":KUBE-SERVICES - [0:0]\n", ProxyMode.Iptables)]
    [InlineData(":INPUT ACCEPT [0:0]\n", "")]
    public void TheModeIsThatOfTheRules(string rules, string mode)
    {
        Collection collection = new(new(HostNetns.Instance, TimeProvider.System)); // no tool is run
        collection.Add(BundlePart.IptablesNft, Encoding.UTF8.GetBytes(rules), "test");

        new RuleCollector(collection).FindMode().Should().Be(mode);
    }
}
