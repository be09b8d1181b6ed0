using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Tests.Configuration;

/// <summary>Spec 11.9.</summary>
public sealed class NodeNameTests
{
    [Theory]
    [InlineData("", "Host-A\n", "host-a")]
    [InlineData(" Node-B ", "host", "node-b")]
    public void TheOverrideWinsAndNamesAreLowerCase(string hostnameOverride, string hostName, string name)
    {
        NodeName.Resolve(hostnameOverride, hostName).Should().Be(name);
    }

    [Theory]
    [InlineData("", " ")]
    [InlineData(" ", "host")]
    public void BlankNamesAreRefused(string hostnameOverride, string hostName)
    {
        FluentActions.Invoking(() => NodeName.Resolve(hostnameOverride, hostName)).Should().Throw<ConfigurationException>().WithMessage("empty hostname is invalid*");
    }
}
