using FsCheck;
using FsCheck.Fluent;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Tests.Analysis.Sets;

/// <summary>The algebra against sets of single addresses, on 24 addresses of each family and at both ends of the space.</summary>
public sealed class AddressRangesTests
{
    private const int Size = 24;

    public static TheoryData<string> Bases => new() { "10.0.0.240", "255.255.255.232", "0.0.0.0", "fd00::fff8", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffe8" };

    [Theory]
    [MemberData(nameof(Bases))]
    public void NormalizedRangesAreTheSameAddressesInTheFewestPieces(string lowest)
    {
        UInt128 start = IpAddress.Parse(lowest).ToBits();
        Prop.ForAll<int>(seed =>
        {
            AddressRange[] ranges = RandomRanges(new Random(seed), start);

            List<AddressRange> normal = AddressRanges.Normalize(ranges);

            bool isOrderedWithGaps = normal.Zip(normal.Skip(1)).All(pair => pair.Second.First > pair.First.Last && pair.Second.First - pair.First.Last > 1);
            return isOrderedWithGaps && Members(normal, start).SequenceEqual(Members(ranges, start));
        }).Check(Config.QuickThrowOnFailure);
    }

    [Theory]
    [MemberData(nameof(Bases))]
    public void SplitPutsEachAddressOnItsSideOnce(string lowest)
    {
        UInt128 start = IpAddress.Parse(lowest).ToBits();
        Prop.ForAll<int>(seed =>
        {
            Random random = new(seed);
            AddressRange range = RandomRange(random, start);
            AddressRange[] others = RandomRanges(random, start);
            List<AddressRange> inside = [];
            List<AddressRange> outside = [];

            AddressRanges.Split(range, others, inside, outside);

            int[] wanted = Members([range], start);
            int[] covered = Members(others, start);
            UInt128 sizes = UInt128.Zero;
            foreach (AddressRange piece in inside.Concat(outside))
            {
                sizes += piece.Last - piece.First + 1;
            }

            return Members(inside, start).SequenceEqual(wanted.Intersect(covered))
                && Members(outside, start).SequenceEqual(wanted.Except(covered))
                && sizes == (UInt128)wanted.Length;
        }).Check(Config.QuickThrowOnFailure);
    }

    [Theory]
    [MemberData(nameof(Bases))]
    public void ContainmentAndOverlapAreThoseOfSets(string lowest)
    {
        UInt128 start = IpAddress.Parse(lowest).ToBits();
        Prop.ForAll<int>(seed =>
        {
            Random random = new(seed);
            AddressRange left = RandomRange(random, start);
            AddressRange right = RandomRange(random, start);

            int[] leftMembers = Members([left], start);
            int[] rightMembers = Members([right], start);
            return left.Overlaps(right) == leftMembers.Intersect(rightMembers).Any()
                && left.Contains(right) == !rightMembers.Except(leftMembers).Any()
                && left.IsSingle == (leftMembers.Length == 1)
                && leftMembers.Length == Enumerable.Range(0, Size).Count(offset => left.Contains(start + (UInt128)offset));
        }).Check(Config.QuickThrowOnFailure);
    }

    [Theory]
    [InlineData(IpFamily.IPv4, "0.0.0.0/0")]
    [InlineData(IpFamily.IPv6, "::/0")]
    public void EverythingSplitsIntoAPrefixAndTheRest(IpFamily family, string everything)
    {
        AddressRange all = AddressRange.All(family);
        AddressRange hole = AddressRange.Of(IpPrefix.Parse(family == IpFamily.IPv4 ? "10.0.0.0/8" : "fd00::/8"));
        List<AddressRange> inside = [];
        List<AddressRange> outside = [];

        AddressRanges.Split(all, [hole], inside, outside);

        all.ToString().Should().Be(everything);
        inside.Should().Equal(hole);
        outside.Should().HaveCount(2);
        AddressRanges.Normalize([.. outside, .. inside]).Should().Equal(all);
    }

    [Theory]
    [InlineData("10.0.0.0", "10.255.255.255", "10.0.0.0/8")]
    [InlineData("10.0.0.1", "10.0.0.1", "10.0.0.1")]
    [InlineData("10.0.0.0", "10.0.0.2", "10.0.0.0-10.0.0.2")]
    [InlineData("10.0.0.1", "10.0.0.2", "10.0.0.1-10.0.0.2")]
    [InlineData("10.0.0.2", "10.0.0.3", "10.0.0.2/31")]
    [InlineData("fd00::", "fd00::ffff", "fd00::/112")]
    [InlineData("fd00::1", "fd00::ffff", "fd00::1-fd00::ffff")]
    [InlineData("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0")]
    [InlineData("8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "8000::/1")]
    public void RangesAreWrittenAsPrefixesWhereTheyAreOne(string first, string last, string text)
    {
        new AddressRange(IpAddress.Parse(first).ToBits(), IpAddress.Parse(last).ToBits()).ToString().Should().Be(text);
    }

    [Theory]
    [InlineData("192.0.2.0/24")]
    [InlineData("192.0.2.7/32")]
    [InlineData("fd00::/64")]
    [InlineData("fd00::7/128")]
    public void TheRangeOfAPrefixHasItsFirstAndLastAddress(string text)
    {
        IpPrefix prefix = IpPrefix.Parse(text);

        AddressRange range = AddressRange.Of(prefix);

        range.Contains(prefix.Address.ToBits()).Should().BeTrue();
        range.Contains(prefix.LastAddress().ToBits()).Should().BeTrue();
        range.Contains(prefix.Address.ToBits() - 1).Should().BeFalse();
        range.Contains(prefix.LastAddress().ToBits() + 1).Should().BeFalse();
        range.IsSingle.Should().Be(prefix.IsSingleAddress);
    }

    private static AddressRange[] RandomRanges(Random random, UInt128 start) => [.. Enumerable.Range(0, random.Next(6)).Select(_ => RandomRange(random, start))];

    private static AddressRange RandomRange(Random random, UInt128 start)
    {
        int first = random.Next(Size);
        int last = random.Next(first, random.Next(2) == 0 ? Size : Math.Min(Size, first + 3));
        return new(start + (UInt128)first, start + (UInt128)last);
    }

    /// <summary>The addresses in ranges, as offsets, each once and in order.</summary>
    private static int[] Members(IEnumerable<AddressRange> ranges, UInt128 start) =>
        [.. Enumerable.Range(0, Size).Where(offset => ranges.Any(range => start + (UInt128)offset >= range.First && start + (UInt128)offset <= range.Last))];
}
