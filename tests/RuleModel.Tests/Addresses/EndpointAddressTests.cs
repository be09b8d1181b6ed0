using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Tests.Addresses;

public sealed class EndpointAddressTests
{
    [Theory]
    [InlineData("10.0.1.10", 80, "10.0.1.1", 80)]
    [InlineData("10.0.1.1", 80, "10.0.1.1", 8080)]
    [InlineData("10.0.1.1", 9999, "10.0.1.2", 1)]
    [InlineData("9.9.9.9", 80, "fd00::1", 80)]
    public void EndpointsAreOrderedByTheirTexts(string address, ushort port, string laterAddress, ushort laterPort)
    {
        EndpointAddress first = new(IpAddress.Parse(address), port);
        EndpointAddress second = new(IpAddress.Parse(laterAddress), laterPort);

        EndpointAddress.CompareText(first, second).Should().BeNegative();
        EndpointAddress.CompareText(second, first).Should().BePositive();
        EndpointAddress.CompareText(first, first).Should().Be(0);
    }

    [Fact]
    public void IPv6HasBrackets()
    {
        new EndpointAddress(IpAddress.Parse("fd00::1"), 80).ToString().Should().Be("[fd00::1]:80");
        new EndpointAddress(IpAddress.Parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 65535).ToString()
            .Should().Be("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    }
}
