using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Tests.Addresses;

public sealed class IpPrefixTests
{
    [Theory]
    [InlineData("203.0.113.000/025", "203.0.113.0/25")]
    [InlineData("1.2.3.4/28", "1.2.3.0/28")]
    [InlineData("1.2.3.4/32", "1.2.3.4/32")]
    [InlineData("1.2.3.4/0", "0.0.0.0/0")]
    [InlineData("fd00:1:2:3::4/48", "fd00:1:2::/48")]
    [InlineData("::/0", "::/0")]
    [InlineData("::ffff:10.1.2.3/104", "10.0.0.0/8")]
    public void AcceptedTextsAreMasked(string text, string canonical)
    {
        IpPrefix.TryParse(text, out IpPrefix prefix).Should().BeTrue();

        prefix.ToString().Should().Be(canonical);
    }

    [Theory]
    [InlineData("10.0.0/8")]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/8x")]
    [InlineData("::/129")]
    [InlineData("::ffff:10.1.2.3/24")]
    [InlineData("/8")]
    [InlineData("")]
    public void OtherTextsAreRefused(string text)
    {
        IpPrefix.TryParse(text, out _).Should().BeFalse();
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.255.0.1", true)]
    [InlineData("10.0.0.0/8", "11.0.0.1", false)]
    [InlineData("0.0.0.0/0", "203.0.113.1", true)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("::/0", "10.0.0.1", false)]
    [InlineData("::/0", "fd00::1", true)]
    public void ContainsAsksForFamilyToo(string prefix, string address, bool isInside)
    {
        IpPrefix.Parse(prefix).Contains(IpAddress.Parse(address)).Should().Be(isInside);
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.255.255.255")]
    [InlineData("10.0.0.1/32", "10.0.0.1")]
    [InlineData("fd00::/112", "fd00::ffff")]
    [InlineData("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void LastAddressFillsTheHostBits(string prefix, string last)
    {
        IpPrefix.Parse(prefix).LastAddress().Should().Be(IpAddress.Parse(last));
    }
}
