using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Explain;
using KubeProxySharp.Proxy.Commands.Explain.Legs;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Tests.Commands.Explain;

/// <summary>What later legs need of an API server.</summary>
public sealed class LegNeedsTests
{
    /// <summary>Two Services may share the address of a load balancer and a port, with different protocols.</summary>
    [Theory]
    [InlineData("203.0.113.80:53", "of-tcp")]
    [InlineData("203.0.113.80:53/tcp", "of-tcp")]
    [InlineData("203.0.113.80:53/udp", "of-udp")]
    [InlineData("192.0.2.10:30053/udp", "of-udp")]
    public void TheServiceIsTheOneOfTheProtocol(string destination, string expected)
    {
        ManifestObjects objects = new();
        Add(objects, "of-tcp", "TCP");
        Add(objects, "of-udp", "UDP");

        LegNeeds.NamespacesOfPods(new ExplainOptions { From = "outside", To = destination }, objects).Should().Equal(expected);
    }

    private static void Add(ManifestObjects objects, string space, string protocol)
    {
        NamespacedName name = new(space, "dns");
        objects.Services[name] = new Service
        {
            Name = name,
            Ports = [new ServicePort { Port = 53, NodePort = 30053, Protocol = protocol }],
            LoadBalancerIngress = [new LoadBalancerIngress { Ip = "203.0.113.80" }],
        };
    }
}
