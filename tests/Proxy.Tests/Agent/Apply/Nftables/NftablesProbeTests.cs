using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;

namespace KubeProxySharp.Proxy.Tests.Agent.Apply.Nftables;

public sealed class NftablesProbeTests
{
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
