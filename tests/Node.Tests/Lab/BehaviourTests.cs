using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>What becomes of packets: every line of <see cref="BehaviourTable"/>, in both families.</summary>
public abstract class BehaviourTests(BehaviourLab lab)
{
    public static TheoryData<string, bool> Services()
    {
        TheoryData<string, bool> data = [];
        foreach (string name in BehaviourTable.Names)
        {
            data.Add(name, false);
            data.Add(name, true);
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Services))]
    public void ServiceIsReachedAsTheTableSays(string name, bool isIPv6)
    {
        IReadOnlyList<string> differences = new LabCheck(lab.Lab).Differences(
            BehaviourTable.Service(name), LabRow.Read(BehaviourTable.Table(name), lab.Mode, isIPv6), isIPv6);

        differences.Should().BeEmpty();
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ConnectionsAreSpreadEvenly(bool isIPv6)
    {
        const int Connections = 600;
        const double Limit = 33.38; // chi-square, 4 degrees of freedom, exceeded once in a million runs
        LabClient client = lab.Lab.Client("a3", isIPv6);
        LabService service = BehaviourTable.Service("spread");
        Dictionary<string, int> counts = [];
        for (int i = 0; i < Connections; i++)
        {
            Answer answer = await client.DialAsync(ProtocolType.Tcp, new(service.ClusterIp(isIPv6), LabService.Port), LabClient.Patience);
            answer.Outcome.Should().Be(Outcome.Answered);
            counts[answer.Who] = counts.GetValueOrDefault(answer.Who) + 1;
        }

        counts.Should().HaveCount(5);
        double expected = Connections / 5.0;
        counts.Values.Sum(count => (count - expected) * (count - expected) / expected).Should().BeLessThan(Limit, "of {0}", counts);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AClientStaysWithItsEndpoint(bool isIPv6)
    {
        LabService service = BehaviourTable.Service("sticky");
        foreach (string place in new[] { "outside", "blocked", "a3" })
        {
            LabClient client = lab.Lab.Client(place, isIPv6);
            HashSet<string> seen = [];
            foreach (IPEndPoint destination in new IPEndPoint[]
            {
                new(service.ClusterIp(isIPv6), LabService.Port),
                new(service.LoadBalancerIp(isIPv6), LabService.Port),
                new(LabAddress.Parse(isIPv6 ? "2001:db8:2::10" : "192.0.2.10"), service.NodePort),
            })
            {
                for (int i = 0; i < 10; i++)
                {
                    seen.Add((await client.DialAsync(ProtocolType.Tcp, destination, LabClient.Patience)).Who);
                }
            }

            seen.Should().ContainSingle("of the client {0}", place).Which.Should().BeOneOf("a1", "b1");
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AffinityExpires(bool isIPv6)
    {
        LabService service = BehaviourTable.Service("sticky-short");
        LabClient client = lab.Lab.Client("outside", isIPv6);
        HashSet<string> seen = [];
        for (int i = 0; i < 20 && seen.Count < 2; i++)
        {
            seen.Add((await client.DialAsync(ProtocolType.Tcp, new(service.LoadBalancerIp(isIPv6), LabService.Port), LabClient.Patience)).Who);
            await Task.Delay(TimeSpan.FromMilliseconds(seen.Count < 2 ? 2100 : 0), TimeProvider.System);
        }

        seen.Should().BeEquivalentTo("a1", "b1");
    }
}
