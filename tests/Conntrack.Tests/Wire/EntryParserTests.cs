using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Wire;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Conntrack.Tests.Wire;

/// <summary>Flows out of messages, good and damaged.</summary>
public sealed class EntryParserTests
{
    [Fact]
    public void ReadsEveryPart()
    {
        EntryParser.Parse(FlowMessage.Of(FlowMessage.Build(zone: 5)), out ConntrackEntry entry);

        entry.Original.ToString().Should().Be("src=10.0.0.1 dst=10.96.0.10 sport=1234 dport=80");
        entry.Reply.ToString().Should().Be("src=10.244.1.5 dst=10.0.0.1 sport=8080 dport=1234");
        entry.Should().BeEquivalentTo(new
        {
            Protocol = (byte)6,
            Family = IpFamily.IPv4,
            Status = ConntrackStatus.SeenReply | ConntrackStatus.DestinationNat,
            Timeout = TimeSpan.FromSeconds(431999),
            Mark = 7u,
            Id = 0xDEADBEEFu,
            Zone = (ushort)5,
            ZoneScope = ZoneScope.Both,
            TcpState = TcpState.Established,
            SctpState = SctpState.None,
            OriginalCounters = new FlowCounters(11, 1100),
            ReplyCounters = new FlowCounters(9, 900),
            StartedAt = (DateTimeOffset?)DateTimeOffset.FromUnixTimeSeconds(1_700_000_000),
            IsDestinationTranslated = true,
        });
    }

    [Fact]
    public void ReadsIPv6()
    {
        EntryParser.Parse(FlowMessage.Of(FlowMessage.Build(IpFamily.IPv6)), out ConntrackEntry entry);

        entry.Original.ToString().Should().Be("src=fd00::1 dst=fd00:96::10 sport=1234 dport=80");
        entry.Family.Should().Be(IpFamily.IPv6);
    }

    [Fact]
    public void PassesOverUnknownAttributes()
    {
        byte[] message = FlowMessage.Build(more: bytes => bytes.AddRange([7, 0, 0xF0, 0x3F, 1, 2, 3, 0]));

        EntryParser.Parse(FlowMessage.Of(message), out ConntrackEntry entry);

        entry.Id.Should().Be(0xDEADBEEFu);
    }

    [Fact]
    public void AllocatesNothing()
    {
        NetlinkMessage message = FlowMessage.Of(FlowMessage.Build());
        EntryParser.Parse(message, out _);
        // The least of several times: a collection meanwhile takes the rest of the thread's piece of the heap, which counts.
        long least = long.MaxValue;
        for (int count = 0; count < 5; count++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            ulong sum = 0;
            for (int round = 0; round < 1000; round++)
            {
                EntryParser.Parse(message, out ConntrackEntry entry);
                sum += entry.Id;
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            sum.Should().Be(1000ul * 0xDEADBEEF);
        }

        least.Should().Be(0);
    }

    [Fact]
    public void EveryCutIsEitherReadOrReported()
    {
        byte[] message = FlowMessage.Build();
        int reported = 0;
        for (int length = 0; length < message.Length; length++)
        {
            reported += TryParse(message.AsSpan(0, length).ToArray()) ? 0 : 1;
        }

        reported.Should().BeGreaterThan(message.Length / 2);
    }

    /// <summary>The buffer ends where the message does, so that reading past it throws something else.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void DamagedMessagesThrowNothingElse(int seed)
    {
        Random random = new(seed);
        int read = 0;
        int refused = 0;
        for (int round = 0; round < Nightly.Size(10_000, 50_000); round++)
        {
            byte[] message = round % 4 == 0 ? new byte[random.Next(300)] : FlowMessage.Build(round % 2 == 0 ? IpFamily.IPv4 : IpFamily.IPv6);
            if (round % 4 == 0)
            {
                random.NextBytes(message);
                if (message.Length > 0)
                {
                    message[0] = 2;
                }
            }

            for (int change = random.Next(6); change > 0 && message.Length > 0; change--)
            {
                message[random.Next(message.Length)] = (byte)random.Next(256);
            }

            if (TryParse(message))
            {
                read++;
            }
            else
            {
                refused++;
            }
        }

        read.Should().BePositive();
        refused.Should().BePositive();
    }

    /// <summary>Whole datagrams of several messages: the headers are damaged too.</summary>
    [Fact]
    public void DamagedDatagramsThrowNothingElse()
    {
        Random random = new(4);
        int refused = 0;
        for (int round = 0; round < Nightly.Size(10_000, 50_000); round++)
        {
            byte[] datagram = new byte[random.Next(200)];
            random.NextBytes(datagram);
            for (int start = 0; start + 4 <= datagram.Length; start += 48)
            {
                BitConverter.TryWriteBytes(datagram.AsSpan(start), random.Next(4) == 0 ? random.Next(100) : 48);
            }

            try
            {
                MessageReader messages = new(datagram);
                while (messages.TryRead(out NetlinkMessage message))
                {
                    message.ToDoneError();
                    message.ToError();
                    _ = new NetlinkError(message);
                    StatisticsParser.ParseSize(message);
                    StatisticsParser.ParseCpu(message);
                }
            }
            catch (NetlinkException e)
            {
                e.Failure.Should().Be(NetlinkFailure.MalformedMessage);
                refused++;
            }
        }

        refused.Should().BePositive();
    }

    private static bool TryParse(byte[] message)
    {
        try
        {
            EntryParser.Parse(FlowMessage.Of(message), out _);
            return true;
        }
        catch (NetlinkException e)
        {
            e.Failure.Should().Be(NetlinkFailure.MalformedMessage);
            return false;
        }
    }
}
