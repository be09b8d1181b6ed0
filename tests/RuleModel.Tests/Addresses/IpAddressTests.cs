using System.Net;
using System.Text;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Tests.Addresses;

public sealed class IpAddressTests
{
    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1")]
    [InlineData("172.30.0.041", "172.30.0.41")]
    [InlineData("010.000.000.001", "10.0.0.1")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("::ffff:1.2.3.4", "1.2.3.4")]
    [InlineData("::ffff:102:304", "1.2.3.4")]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("FD00:10::0001", "fd00:10::1")]
    [InlineData("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("1:0:0:2:0:0:0:3", "1:0:0:2::3")]
    [InlineData("0:0:1:0:0:0:0:0", "0:0:1::")]
    [InlineData("::1.2.3.4", "::102:304")]
    [InlineData("64:ff9b::1.2.3.4", "64:ff9b::102:304")]
    [InlineData("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304")]
    public void AcceptedTextsAreRenderedCanonically(string text, string canonical)
    {
        IpAddress.TryParse(text, out IpAddress address).Should().BeTrue();

        address.ToString().Should().Be(canonical);
        IpAddress.Parse(canonical).Should().Be(address);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("10.1")]
    [InlineData("10.0.0")]
    [InlineData("10.0.0.256")]
    [InlineData("10.0.0.1.2")]
    [InlineData("10.0.0.0x1")]
    [InlineData("0x0a.0.0.1")]
    [InlineData(" 10.0.0.1")]
    [InlineData("10.0.0.1 ")]
    [InlineData("10.0.0.1/32")]
    [InlineData("[::1]")]
    [InlineData("fe80::1%eth0")]
    [InlineData(":::")]
    [InlineData(":1")]
    [InlineData("1:")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7:8::")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    [InlineData("1.2.3.4::1")]
    [InlineData("10000::1")]
    [InlineData("g::1")]
    public void OtherTextsAreRefused(string text)
    {
        IpAddress.TryParse(text, out _).Should().BeFalse();
    }

    /// <summary>What iptables-save prints; checked against the real tool in Node.Tests.</summary>
    [Theory]
    [InlineData("::1.2.3.4", "::1.2.3.4")]
    [InlineData("::1:2", "::0.1.0.2")]
    [InlineData("::2", "::2")]
    [InlineData("::ffff", "::ffff")]
    [InlineData("64:ff9b::1.2.3.4", "64:ff9b::102:304")]
    [InlineData("fd00::1", "fd00::1")]
    [InlineData("10.0.0.1", "10.0.0.1")]
    public void ListedFormFollowsInetNtop(string text, string listed)
    {
        Span<byte> buffer = stackalloc byte[IpAddress.MaxTextLength];

        int length = IpAddress.Parse(text).FormatAsListed(buffer);

        Encoding.ASCII.GetString(buffer[..length]).Should().Be(listed);
    }

    [Fact]
    public void RandomAddressesSurviveTextAndBytes()
    {
        Random random = new(1);
        byte[] bytes = new byte[16];
        byte[] back = new byte[16];
        for (int round = 0; round < 5000; round++)
        {
            random.NextBytes(bytes);
            for (int zero = random.Next(20); zero > 0; zero--)
            {
                bytes[random.Next(16)] = 0;
            }

            IpAddress address = IpAddress.FromBytes(bytes);

            IpAddress.Parse(address.ToString()).Should().Be(address);
            new IPAddress(back.AsSpan(0, address.WriteBytes(back))).MapToIPv6().Should().Be(new IPAddress(bytes));
        }
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.255.0.1", true)]
    [InlineData("128.0.0.1", false)]
    [InlineData("::1", true)]
    [InlineData("::2", false)]
    public void LoopbackIsRecognised(string text, bool isLoopback)
    {
        IpAddress.Parse(text).IsLoopback.Should().Be(isLoopback);
    }

    [Fact]
    public void IPv4ComesBeforeIPv6()
    {
        IpAddress[] addresses = [IpAddress.Parse("::1"), IpAddress.Parse("10.0.0.2"), IpAddress.Parse("10.0.0.1")];

        Array.Sort(addresses);

        addresses.Select(address => address.ToString()).Should().Equal("10.0.0.1", "10.0.0.2", "::1");
    }
}
