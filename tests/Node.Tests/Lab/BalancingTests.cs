using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>Which of several endpoints a client gets: any, or always the same.</summary>
[Trait("Category", "Netns")]
public abstract class BalancingTests(BehaviourLab lab)
{
    [SkippableTheory]
    [InlineData("spread", "a3", "cluster", false)]
    [InlineData("spread", "a3", "cluster", true)]
    [InlineData("spread", "outside", "nodeport", false)]
    [InlineData("spread", "outside", "nodeport", true)]
    [InlineData("datagrams-spread", "outside", "lb", false)]
    [InlineData("datagrams-spread", "outside", "lb", true)]
    public async Task ConnectionsAreSpreadEvenly(string name, string from, string to, bool isIPv6)
    {
        const int Connections = 600;
        const double Limit = 33.38; // chi-square, 4 degrees of freedom, exceeded once in a million runs
        LabClient client = lab.Lab.Client(from, isIPv6);
        LabService service = BalancedServices.Get(name);
        IPEndPoint destination = LabRow.Destination(to, service, isIPv6);
        Dictionary<string, int> counts = [];
        for (int i = 0; i < Connections; i++)
        {
            Answer answer = await client.DialAsync(Kind(service), destination, LabClient.AnswerTimeout);
            answer.Outcome.Should().Be(Outcome.Answered);
            counts[answer.Who] = counts.GetValueOrDefault(answer.Who) + 1;
        }

        counts.Should().HaveCount(5);
        double expected = Connections / 5.0;
        counts.Values.Sum(count => (count - expected) * (count - expected) / expected).Should().BeLessThan(Limit, "of {0}", counts);
    }

    [SkippableTheory]
    [InlineData("sticky", false)]
    [InlineData("sticky", true)]
    [InlineData("datagrams-sticky", false)]
    [InlineData("datagrams-sticky", true)]
    public async Task AClientStaysWithItsEndpoint(string name, bool isIPv6)
    {
        LabService service = BalancedServices.Get(name);
        foreach (string place in new[] { "outside", "blocked", "a3" })
        {
            LabClient client = lab.Lab.Client(place, isIPv6);
            HashSet<string> seen = [];
            foreach (string to in new[] { "cluster", "external", "lb", "nodeport" })
            {
                for (int i = 0; i < 8; i++)
                {
                    seen.Add((await client.DialAsync(Kind(service), LabRow.Destination(to, service, isIPv6), LabClient.AnswerTimeout)).Who);
                }
            }

            seen.Should().ContainSingle("of the client {0}", place).Which.Should().BeOneOf("a1", "b1");
        }
    }

    /// <summary>Those of the other node are none for a client outside.</summary>
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AClientOutsideStaysWithALocalEndpoint(bool isIPv6)
    {
        LabService service = BalancedServices.Get("sticky-local");
        LabClient client = lab.Lab.Client("outside", isIPv6);
        HashSet<string> seen = [];
        foreach (string to in new[] { "external", "lb", "nodeport" })
        {
            for (int i = 0; i < 8; i++)
            {
                seen.Add((await client.DialAsync(ProtocolType.Tcp, LabRow.Destination(to, service, isIPv6), LabClient.AnswerTimeout)).ToString());
            }
        }

        seen.Should().ContainSingle().Which.Should().BeOneOf($"a1 saw {client.Address}", $"a2 saw {client.Address}");
    }

    /// <summary>By chance alone all would meet their endpoints again once in 400,000 runs.</summary>
    [SkippableFact]
    public async Task ClientsStayWithTheirEndpointsWhenTheAgentIsRestarted()
    {
        string[] before = await MeetAsync();

        lab.Restart();

        (await MeetAsync()).Should().Equal(before);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AffinityExpires(bool isIPv6)
    {
        LabService service = BalancedServices.Get("sticky-short");
        LabClient client = lab.Lab.Client("outside", isIPv6);
        HashSet<string> seen = [];
        for (int i = 0; i < 20 && seen.Count < 2; i++)
        {
            seen.Add((await client.DialAsync(ProtocolType.Tcp, LabRow.Destination("lb", service, isIPv6), LabClient.AnswerTimeout)).Who);
            await Task.Delay(TimeSpan.FromMilliseconds(seen.Count < 2 ? 2100 : 0), TimeProvider.System);
        }

        seen.Should().BeEquivalentTo("a1", "b1");
    }

    private static ProtocolType Kind(LabService service) => service.Protocol == "TCP" ? ProtocolType.Tcp : ProtocolType.Udp;

    private async Task<string[]> MeetAsync()
    {
        LabService service = BalancedServices.Get("sticky-many");
        List<string> met = [];
        foreach (bool isIPv6 in new[] { false, true })
        {
            foreach (string place in new[] { "outside", "blocked", "a2", "a3" })
            {
                met.Add((await lab.Lab.Client(place, isIPv6).DialAsync(ProtocolType.Tcp, LabRow.Destination("lb", service, isIPv6), LabClient.AnswerTimeout)).Who);
            }
        }

        met.Should().OnlyContain(who => who.Length != 0);
        return [.. met];
    }
}
