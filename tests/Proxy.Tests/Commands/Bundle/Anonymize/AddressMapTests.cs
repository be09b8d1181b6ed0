using KubeProxySharp.Proxy.Commands.Bundle.Anonymize;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Tests.Commands.Bundle.Anonymize;

/// <summary>Addresses are replaced, and still belong together as before.</summary>
public sealed class AddressMapTests
{
    private readonly AddressMap _map = new(new([1, 2, 3]));

    /// <summary>docs/bundle.md names these: exchanging their bits would move the special range beside them.</summary>
    [Theory]
    [InlineData("1.0.0.0/8")]
    [InlineData("11.0.0.0/8")]
    [InlineData("192.169.0.0/16")]
    public void RangesBesideSpecialOnesKeepTheirBeginnings(string range)
    {
        IpPrefix prefix = IpPrefix.Parse(range);

        _map.Map(prefix).Should().Be(prefix);
        _map.Map(prefix.Address).Should().NotBe(prefix.Address);
    }

    [Fact]
    public void CommonBeginningsStayAsLongAsTheyWere()
    {
        Random random = new(11);
        for (int count = 0; count < 3000; count++)
        {
            bool isIPv4 = random.Next(2) == 0;
            IpAddress one = NewAddress(random, isIPv4);
            IpAddress other = NewNeighbour(random, one);

            CommonBits(_map.Map(one), _map.Map(other)).Should().Be(CommonBits(one, other), $"{one} {other}");
            _map.Map(one).Family.Should().Be(one.Family);
        }
    }

    [Fact]
    public void RangesContainWhatTheyContained()
    {
        Random random = new(12);
        for (int count = 0; count < 3000; count++)
        {
            IpAddress address = NewAddress(random, random.Next(2) == 0);
            IpPrefix range = IpPrefix.Create(NewNeighbour(random, address), random.Next(address.BitLength + 1));

            _map.Map(range).Length.Should().Be(range.Length);
            _map.Map(range).Contains(_map.Map(address)).Should().Be(range.Contains(address), $"{range} {address}");
        }
    }

    [Fact]
    public void OnlyWhatHasAMeaningOfItsOwnStays()
    {
        Random random = new(13);
        for (int count = 0; count < 3000; count++)
        {
            IpAddress address = NewAddress(random, random.Next(2) == 0);
            IpPrefix range = IpPrefix.Create(address, random.Next(address.BitLength + 1));

            (_map.Map(range) == range).Should().Be(AddressMap.IsKept(range), $"{range}");
            (_map.Map(address) == address).Should().Be(AddressMap.IsKept(IpPrefix.Of(address)), $"{address}");
        }
    }

    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("10.0.0.0/8")]
    [InlineData("172.16.0.0/12")]
    [InlineData("192.168.0.0/16")]
    [InlineData("127.0.0.0/8")]
    [InlineData("127.0.0.1/32")]
    [InlineData("169.254.169.254/32")]
    [InlineData("224.0.0.251/32")]
    [InlineData("255.255.255.255/32")]
    [InlineData("::/0")]
    [InlineData("::1/128")]
    [InlineData("fe80::/64")]
    [InlineData("ff02::1/128")]
    [InlineData("fc00::/7")]
    public void SpecialRangesStay(string range) => _map.Map(IpPrefix.Parse(range)).ToString().Should().Be(range);

    [Theory]
    [InlineData("10.1.2.3", "10.0.0.0/8")]
    [InlineData("172.20.1.1", "172.16.0.0/12")]
    [InlineData("192.168.7.9", "192.168.0.0/16")]
    [InlineData("100.100.1.1", "100.64.0.0/10")]
    [InlineData("fd00:1:2::3", "fd00::/8")]
    [InlineData("fe80::42:acff:fe11:2", "fe80::/64")]
    [InlineData("2001:db8::1", "2000::/3")]
    public void PrivateAddressesStayPrivate(string address, string range)
    {
        IpAddress mapped = _map.Map(IpAddress.Parse(address));

        mapped.Should().NotBe(IpAddress.Parse(address));
        IpPrefix.Parse(range).Contains(mapped).Should().BeTrue($"{mapped}");
    }

    [Fact]
    public void AnotherKeyGivesOtherAddresses()
    {
        IpAddress address = IpAddress.Parse("10.96.0.10");

        Enumerable.Range(0, 20).Select(key => new AddressMap(new([(byte)key])).Map(address)).Distinct().Should().HaveCountGreaterThan(15);
    }

    [Theory]
    [InlineData("10.1.0.0", "10.1.255.255", "10.1.0.0/16")]
    [InlineData("10.1.0.1", "10.1.0.6", "10.1.0.1/32 10.1.0.2/31 10.1.0.4/31 10.1.0.6/32")]
    [InlineData("0.0.0.0", "255.255.255.255", "0.0.0.0/0")]
    [InlineData("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0")]
    [InlineData("fd00::ffff", "fd00::1:0", "fd00::ffff/128 fd00::1:0/128")]
    [InlineData("10.0.0.2", "10.0.0.1", "")]
    [InlineData("10.0.0.2", "fd00::1", "")]
    public void RangesAreSplit(string first, string last, string expected) =>
        string.Join(' ', AddressRange.Split(IpAddress.Parse(first), IpAddress.Parse(last))).Should().Be(expected);

    [Theory]
    [InlineData("10.1.2.3", "A")]
    [InlineData("10.1.2.3/32", "A/32")]
    [InlineData("10.1.2.3:80", "A:80")]
    [InlineData("10.1.2.3:80-90", "A:80-90")]
    [InlineData("::ffff:10.1.2.3", "::ffff:A")]
    [InlineData("10.1.2.3/255.255.255.255", "A/255.255.255.255")]
    [InlineData("10.1.2.3/255.0.255.0", AddressText.LostRange)]
    [InlineData("10.1.2.3-10.1.2.3", "A-A")]
    [InlineData("10.1.2.3-10.1.2.7", AddressText.LostRange)]
    public void AddressesAreFoundInTheirForms(string text, string expected) =>
        new AddressText(_map).Map(text).Should().Be(expected.Replace("A", _map.Map(IpAddress.Parse("10.1.2.3")).ToString(), StringComparison.Ordinal));

    [Theory]
    [InlineData("80")]
    [InlineData("30000:32767")]
    [InlineData("0x4000/0x4000")]
    [InlineData("hash:ip")]
    [InlineData("default/web:http")]
    [InlineData("1.0.6")]
    [InlineData("")]
    public void OtherTextsAreNoAddresses(string text) => new AddressText(_map).Map(text).Should().BeNull();

    [Fact]
    public void IPv6HasItsForms()
    {
        string address = _map.Map(IpAddress.Parse("fd00::5")).ToString();

        new AddressText(_map).Map("[fd00::5]:53").Should().Be($"[{address}]:53");
        new AddressText(_map).Map("fd00::5/128").Should().Be($"{address}/128");
        new AddressText(_map).Map("[fd00::5]").Should().Be($"[{address}]");
    }

    private static IpAddress NewAddress(Random random, bool isIPv4)
    {
        string[] often = isIPv4 ? ["10.0.0.0", "192.168.0.0", "172.16.0.0", "127.0.0.0", "203.0.113.0", "100.64.0.0"] : ["fd00::", "fe80::", "2001:db8::", "fc00::", "64:ff9b::", "::"];
        IpAddress start = IpAddress.Parse(often[random.Next(often.Length)]);
        uint low = (uint)random.NextInt64(1L << random.Next(33));
        return isIPv4
            ? IpAddress.FromIPv4(random.Next(3) == 0 ? low : start.ToIPv4Bits() | (low & 0xFFFF))
            : IpAddress.FromBits(random.Next(4) == 0 ? ((UInt128)(ulong)random.NextInt64() << 65) | low : start.ToBits() | low | ((UInt128)low << random.Next(80)));
    }

    private static IpAddress NewNeighbour(Random random, IpAddress address)
    {
        int bit = random.Next(address.BitLength);
        return address.IsIPv4 ? IpAddress.FromIPv4(address.ToIPv4Bits() ^ (1u << bit)) : IpAddress.FromBits(address.ToBits() ^ (UInt128.One << bit));
    }

    private static int CommonBits(IpAddress one, IpAddress other)
    {
        UInt128 difference = one.IsIPv4 ? one.ToIPv4Bits() ^ other.ToIPv4Bits() : one.ToBits() ^ other.ToBits();
        return (int)UInt128.LeadingZeroCount(difference) - (128 - one.BitLength);
    }
}
