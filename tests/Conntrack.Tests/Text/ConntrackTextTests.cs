using System.Text;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Text;

namespace KubeProxySharp.Conntrack.Tests.Text;

/// <summary>Saved listings of the conntrack tool.</summary>
public sealed class ConntrackTextTests
{
    private const string Listing = """
        udp      17 29 src=10.0.0.1 dst=10.96.0.10 sport=2000 dport=53 packets=1 bytes=60 [UNREPLIED] src=10.244.1.5 dst=10.0.0.1 sport=5353 dport=2000 packets=0 bytes=0 mark=64 use=1
        tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 src=10.0.0.2 dst=192.0.2.1 sport=80 dport=1000 [ASSURED] mark=0 secctx=null zone=5 use=1

        icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=77 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=77 mark=0 use=1 id=123456
        conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown.
        """;

    private const string Extended = """
        ipv6     10 sctp     132 599 COOKIE_WAIT src=fd00::1 dst=fd00::2 sport=1000 dport=9 src=fd00::2 dst=fd00::1 sport=9 dport=1000 mark=0 zone-orig=6 use=1 id=4294967295
        ipv4     2 tcp      6 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 [OFFLOAD] mark=0 use=2
        ipv4     2 unknown  47 599 src=10.0.0.1 dst=10.0.0.2 src=10.0.0.2 dst=10.0.0.1 [start=Fri Nov 20 21:00:00 2026] mark=0 use=1
        """;

    [Fact]
    public void ReadsTheUsualForm()
    {
        List<ConntrackEntry> entries = Read(Listing);

        entries.Should().HaveCount(3);
        entries[0].Original.ToString().Should().Be("src=10.0.0.1 dst=10.96.0.10 sport=2000 dport=53");
        entries[0].Reply.ToString().Should().Be("src=10.244.1.5 dst=10.0.0.1 sport=5353 dport=2000");
        entries[0].Status.Should().Be(ConntrackStatus.Confirmed | ConntrackStatus.DestinationNat);
        entries[0].OriginalCounters.Should().Be(new FlowCounters(1, 60));
        entries[0].Mark.Should().Be(64);
        entries[1].Status.Should().Be(ConntrackStatus.Confirmed | ConntrackStatus.SeenReply | ConntrackStatus.Assured | ConntrackStatus.SourceNat);
        (entries[1].TcpState, entries[1].Zone, entries[1].TimeoutSeconds).Should().Be((TcpState.Established, (ushort)5, 431999u));
        entries[2].Original.Should().Be(ConntrackTuple.OfIcmp(entries[2].Family, entries[2].Original.Source, entries[2].Original.Destination, 77, 8, 0));
        (entries[2].Reply.IcmpType, entries[2].Id).Should().Be(((byte)0, 123456u));
    }

    [Fact]
    public void ReadsTheExtendedForm()
    {
        List<ConntrackEntry> entries = Read(Extended);

        (entries[0].SctpState, entries[0].Zone, entries[0].ZoneScope, entries[0].Id).Should().Be((SctpState.CookieWait, (ushort)6, ZoneScope.Original, uint.MaxValue));
        entries[1].Status.Should().HaveFlag(ConntrackStatus.Offload);
        entries[1].TimeoutSeconds.Should().Be(0);
        entries[2].Protocol.Should().Be(47);
        entries[2].StartedAt.Should().Be(new DateTimeOffset(2026, 11, 20, 21, 0, 0, TimeSpan.Zero));
    }

    [Theory]
    [InlineData("udp 17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2", "lacks a source or destination")]
    [InlineData("udp x 29 src=10.0.0.1", "protocol")]
    [InlineData("udp 17 29 src=10.0.0 dst=10.0.0.2", "\"src=10.0.0\"")]
    [InlineData("udp 17 29 src=10.0.0.1 dst=10.0.0.2 sport=65536", "\"sport=65536\"")]
    [InlineData("tcp 6 29 WONDERFUL src=10.0.0.1 dst=10.0.0.2", "\"WONDERFUL\"")]
    [InlineData("udp 17 29 src=10.0.0.1 dst=10.0.0.2 src=::1 dst=::2", "different families")]
    public void ErrorsNameTheLine(string line, string reason)
    {
        Action read = () => Read(Listing + "\n" + line + "\n");

        NetlinkException error = read.Should().Throw<NetlinkException>().Which;
        error.Failure.Should().Be(NetlinkFailure.MalformedText);
        error.Message.Should().Contain("line 6 ").And.Contain(reason);
    }

    [Fact]
    public void LongLinesAreRefused()
    {
        Action read = () => Read(new string('x', ConntrackText.MaxLineLength + 1));

        read.Should().Throw<NetlinkException>().WithMessage("*line 1 *longer than*");
    }

    [Fact]
    public void DamagedTextThrowsNothingElse()
    {
        Random random = new(5);
        int refused = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] text = Encoding.ASCII.GetBytes(round % 2 == 0 ? Listing : Extended);
            for (int change = random.Next(1, 5); change > 0; change--)
            {
                text[random.Next(text.Length)] = (byte)random.Next(256);
            }

            try
            {
                ConntrackText.Read(new MemoryStream(text)).Count().Should().BePositive();
            }
            catch (NetlinkException e)
            {
                e.Failure.Should().Be(NetlinkFailure.MalformedText);
                refused++;
            }
        }

        refused.Should().BePositive();
    }

    private static List<ConntrackEntry> Read(string text) => [.. ConntrackText.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)))];
}
