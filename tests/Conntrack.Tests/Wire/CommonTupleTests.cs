using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Wire;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Tests.Wire;

/// <summary>The fast way to read a tuple, beside the one that reads them all.</summary>
public sealed class CommonTupleTests
{
    [Theory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void TuplesWithPortsAreOfTheUsualForm(IpFamily family)
    {
        foreach (byte[] tuple in Tuples(family))
        {
            CommonTuple.TryRead(tuple, family, out ConntrackTuple read).Should().BeTrue();
            read.Should().Be(Slowly(tuple, family));
        }
    }

    [Fact]
    public void ATupleOfTheOtherFamilyIsNot()
    {
        Tuples(IpFamily.IPv6).Exists(tuple => CommonTuple.TryRead(tuple, IpFamily.IPv4, out _)).Should().BeFalse();
        Tuples(IpFamily.IPv4).Exists(tuple => CommonTuple.TryRead(tuple, IpFamily.IPv6, out _)).Should().BeFalse();
    }

    /// <summary>Whatever is damaged: what is read fast is read the same slowly.</summary>
    [Theory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void BothWaysReadTheSame(IpFamily family)
    {
        Random random = new(6);
        byte[][] tuples = [.. Tuples(family)];
        int usual = 0;
        int others = 0;
        for (int round = 0; round < 50_000; round++)
        {
            byte[] tuple = [.. tuples[round % tuples.Length]];
            tuple[random.Next(tuple.Length)] = (byte)random.Next(256);
            byte[] cut = tuple[..(random.Next(10) == 0 ? random.Next(tuple.Length) : tuple.Length)];
            if (CommonTuple.TryRead(cut, family, out ConntrackTuple read))
            {
                read.Should().Be(Slowly(cut, family));
                usual++;
            }
            else
            {
                others++;
            }
        }

        usual.Should().BePositive();
        others.Should().BePositive();
    }

    private static ConntrackTuple Slowly(byte[] tuple, IpFamily family)
    {
        (ushort, ZoneScope) zone = default;
        return EntryParser.ReadTuple(new AttributeReader(tuple), family, ZoneScope.Original, ref zone);
    }

    private static List<byte[]> Tuples(IpFamily family)
    {
        List<byte[]> tuples = [];
        AttributeReader attributes = new(FlowMessage.Build(family).AsSpan(NetlinkHeader.GenericLength));
        while (attributes.Read())
        {
            if (attributes.Type is AttributeType.TupleOriginal or AttributeType.TupleReply)
            {
                tuples.Add(attributes.Value.ToArray());
            }
        }

        tuples.Should().HaveCount(2);
        return tuples;
    }
}
