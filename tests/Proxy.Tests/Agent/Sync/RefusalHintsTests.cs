using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Sync;

public sealed class RefusalHintsTests
{
    [Theory]
    [InlineData("-A KUBE-SERVICES -m comment --comment \"shop/web:http cluster IP\" -m tcp -p tcp -d 10.96.9.9 --dport 80 -j KUBE-SVC-X", "shop/web")]
    [InlineData("-A KUBE-SERVICES -d 10.96.0.10/32 -j REJECT", "shop/web")]
    [InlineData("10.96.0.10 . tcp . 80 comment \"x\" : goto chain", "shop/web")]
    [InlineData("add set ip kube-proxy affinity-4X2A7K-shop/web/tcp/http__10.244.1.5/8080 { type ipv4_addr; }", "shop/web")]
    [InlineData("198.51.100.7 . tcp . 80 : goto chain", "shop/web")]
    [InlineData("COMMIT", "")]
    [InlineData("", "")]
    public void AComplaintNamesItsService(string complaint, string service)
    {
        FamilyRules rules = Samples.Model([Samples.LoadBalancer], []).IPv4;

        RefusalHints.Find([complaint], [Samples.Web, new("shop", "other")], rules).Select(name => name.ToString())
            .Should().Equal(service.Length == 0 ? [] : [service]);
    }

    [Fact]
    public void ALineOfManyServicesNamesNone()
    {
        NamespacedName[] suspects = [.. Enumerable.Range(0, 10).Select(number => new NamespacedName("shop", $"s{number}"))];
        string line = "add element ip kube-proxy service-ips { " + string.Join(", ", suspects.Select(name => $"10.0.0.1 comment \"{name}:http\" : drop")) + " }";

        RefusalHints.Find([line], suspects, Samples.Model([], []).IPv4).Should().BeEmpty();
    }
}
