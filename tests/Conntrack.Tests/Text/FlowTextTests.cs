using System.Text;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Text;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Tests.Text;

/// <summary>Flows that are written and read again are the same.</summary>
public sealed class FlowTextTests
{
    [Fact]
    public void RandomFlowsAreReadBack()
    {
        Random random = new(3);
        List<ConntrackEntry> flows = [.. Enumerable.Range(0, 2000).Select(_ => NewFlow(random))];
        StringBuilder text = new();
        flows.ForEach(flow => FlowText.AppendLine(text, flow));

        using MemoryStream content = new(Encoding.UTF8.GetBytes(text.ToString()));
        List<ConntrackEntry> read = [.. ConntrackText.Read(content)];

        read.Should().HaveCount(flows.Count);
        for (int index = 0; index < flows.Count; index++)
        {
            (read[index] == flows[index]).Should().BeTrue($"{flows[index]} {flows[index].Status} {flows[index].ZoneScope} {flows[index].StartNanoseconds} is not {read[index]} {read[index].Status} {read[index].ZoneScope} {read[index].StartNanoseconds}");
        }
    }

    [Fact]
    public void ALineIsThatOfTheTool()
    {
        const string Line = "ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.96.0.10 sport=1000 dport=80 packets=2 bytes=100 src=10.244.0.5 dst=10.0.0.1 sport=8080 dport=1000 packets=1 bytes=50 [ASSURED] mark=0 id=7\n";
        using MemoryStream content = new(Encoding.UTF8.GetBytes(Line));
        StringBuilder text = new();

        FlowText.AppendLine(text, ConntrackText.Read(content).Single());

        text.ToString().Should().Be(Line);
    }

    private static ConntrackEntry NewFlow(Random random)
    {
        byte protocol = ((byte[])[1, 6, 17, 33, 47, 58, 132, 136])[random.Next(8)];
        IpFamily family = protocol == 58 ? IpFamily.IPv6 : protocol == 1 ? IpFamily.IPv4 : (IpFamily)random.Next(2);
        bool hasPorts = protocol is not (1 or 58 or 47);
        ConntrackTuple original = NewTuple();
        ConntrackTuple reply = random.Next(2) == 0 ? NewTuple() : original with { Source = original.Destination, Destination = original.Source, SourcePort = original.DestinationPort, DestinationPort = original.SourcePort };
        ConntrackStatus status = ConntrackStatus.Confirmed;
        status |= random.Next(2) == 0 ? ConntrackStatus.SeenReply : 0;
        status |= random.Next(2) == 0 ? ConntrackStatus.Assured : 0;
        status |= random.Next(5) == 0 ? ConntrackStatus.Offload : 0;
        status |= random.Next(5) == 0 ? ConntrackStatus.HardwareOffload : 0;
        bool isOffloaded = (status & (ConntrackStatus.Offload | ConntrackStatus.HardwareOffload)) != 0;
        bool isIcmp = original.IsIcmp;
        status |= reply.Source != original.Destination || (!isIcmp && reply.SourcePort != original.DestinationPort) ? ConntrackStatus.DestinationNat : 0;
        status |= reply.Destination != original.Source || (!isIcmp && reply.DestinationPort != original.SourcePort) ? ConntrackStatus.SourceNat : 0;
        ushort zone = (ushort)random.Next(3);
        return new()
        {
            Original = original,
            Reply = reply,
            Status = status,
            TimeoutSeconds = isOffloaded ? 0 : (uint)random.Next(1, 100000),
            TcpState = protocol == 6 ? (TcpState)random.Next(10) : TcpState.None,
            SctpState = protocol == 132 ? (SctpState)random.Next(10) : SctpState.None,
            Mark = (uint)random.Next(3),
            Zone = zone,
            ZoneScope = zone == 0 ? default : (ZoneScope)random.Next(3),
            Id = (uint)random.Next(1, int.MaxValue),
            OriginalCounters = random.Next(2) == 0 ? new(3, 200) : default,
            ReplyCounters = random.Next(2) == 0 ? new(1, 90) : default,
            StartNanoseconds = random.Next(2) == 0 ? 0UL : 1_795_000_000_000_000_000,
        };

        ConntrackTuple NewTuple() => new(family, protocol, NewAddress(), NewAddress(), NewNumber(), NewNumber());

        ushort NewNumber() => (ushort)(hasPorts ? random.Next(65536) : protocol == 47 ? 0 : random.Next(256));

        IpAddress NewAddress() => family == IpFamily.IPv4 ? IpAddress.FromIPv4((uint)random.Next())
            : random.Next(10) == 0 ? IpAddress.Parse("10.1.2.3") // in the mapped form
            : IpAddress.FromBits(((UInt128)0xfd00 << 112) | (ulong)random.NextInt64());
    }
}
