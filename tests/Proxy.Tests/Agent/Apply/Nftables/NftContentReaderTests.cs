using System.Text;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Tests.Agent.Apply.Nftables;

public sealed class NftContentReaderTests
{
    [Fact]
    public void NamesOfOurTableAloneAreTaken()
    {
        NftContentReader reader = new(IpFamily.IPv4);
        string listing = """
            table ip other {
            	chain theirs {
            		type filter hook input priority 0; policy accept;
            	}
            }
            table ip kube-proxy {
            	comment "rules for kube-proxy"
            	chain nat-output {
            		type nat hook output priority -100; policy accept;
            	}
            	chain service-ABC-ns/svc/tcp/http {
            	}
            }
            table ip kube-proxy {
            	set affinity-ABC-ns/svc/tcp/http__10.0.0.1/80 {
            		type ipv4_addr
            		flags dynamic,timeout
            	}
            	map service-ips {
            		type ipv4_addr . inet_proto . inet_service : verdict
            	}
            }
            """;

        foreach (string line in listing.Split('\n'))
        {
            reader.Take(Encoding.ASCII.GetBytes(line));
        }

        reader.Content().Should().Be(new NftTableContent(["nat-output"], ["service-ABC-ns/svc/tcp/http"], ["affinity-ABC-ns/svc/tcp/http__10.0.0.1/80"], ["service-ips"]));
    }

    [Theory]
    [InlineData("nftables v0.9.8 (x)", false)]
    [InlineData("nftables v1.0.0 (x)", false)]
    [InlineData("nftables v1.0.1 (x)", true)]
    [InlineData("nftables v1.1.7 (x)", true)]
    [InlineData("something", false)]
    public void OldToolsAreRefused(string output, bool isGood)
    {
        Action check = () => NftablesProbe.CheckVersion(output);

        if (isGood)
        {
            check.Should().NotThrow();
        }
        else
        {
            check.Should().Throw<ApplierException>().WithMessage("*1.0.1 or later*");
        }
    }

    [Fact]
    public void OldKernelsAreRefused()
    {
        ((Action)(() => NftablesProbe.CheckKernel("5.12.19-generic"))).Should().Throw<ApplierException>();
        ((Action)(() => NftablesProbe.CheckKernel("5.13.0-rc1"))).Should().NotThrow();
        ((Action)(() => NftablesProbe.CheckKernel("6.18.44-fc"))).Should().NotThrow();
    }
}
