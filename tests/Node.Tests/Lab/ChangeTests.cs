using System.Net;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>200 new connections a second must all be answered, whatever happens to rules and agent meanwhile.</summary>
public sealed class ChangeTests
{
    private const int Connections = 100;

    public static TheoryData<string> Modes() => ["iptables", "nftables"];

    [SkippableTheory]
    [MemberData(nameof(Modes))]
    public void ChangesOfOtherServicesDisturbNobody(string mode) => Run(mode, (lab, traffic) =>
    {
        const int Changes = 200;
        for (int i = 0; i < Changes; i++)
        {
            LabService other = new("other", 40) { Endpoints = [StandardLab.Endpoint(i % 2 == 0 ? "a1" : "b1"), StandardLab.Endpoint("b3")] };
            LabService another = new($"another-{i % 10}", 41 + (i % 10)) { Endpoints = i % 3 == 0 ? [] : [StandardLab.Endpoint("a2")] };
            lab.Agent.Put("other.yaml", other.ToYaml());
            lab.Agent.Put($"another-{i % 10}.yaml", another.ToYaml());
            traffic.Await(2);
        }

        lab.Agent.Apply("other.yaml", new LabService("other", 40).ToYaml());
    });

    [SkippableTheory]
    [MemberData(nameof(Modes))]
    public void RepairsByFullSyncsDisturbNobody(string mode) => Run(mode, (lab, traffic) =>
    {
        for (int i = 0; i < 3; i++)
        {
            int mark = lab.Agent.Mark();
            Damage(lab, mode);
            lab.Agent.WaitFor(mark, "] \"Synced IPv4 rules (full)");
            traffic.Await(Connections);
        }
    });

    [SkippableTheory]
    [MemberData(nameof(Modes))]
    public void RollingReplacementLosesNobody(string mode) => Run(mode, (lab, traffic) =>
    {
        LabEndpoint[] old = [StandardLab.Endpoint("a1"), StandardLab.Endpoint("b1")];
        LabEndpoint[] fresh = [StandardLab.Endpoint("a2"), StandardLab.Endpoint("b2")];
        string[] names = ["a1", "b1"];
        for (int i = 0; i < old.Length; i++)
        {
            LabEndpoint[] started = fresh[..(i + 1)];
            lab.Agent.Apply("service.yaml", Service([.. old[i..], .. started]).ToYaml());
            traffic.Await(Connections);
            lab.Agent.Apply("service.yaml", Service([old[i] with { IsTerminating = true }, .. old[(i + 1)..], .. started]).ToYaml());
            traffic.Await(Connections);
            lab.Agent.Apply("service.yaml", Service([.. old[(i + 1)..], .. started]).ToYaml());
            traffic.Await(Connections);
            lab.Silence(names[i]);
            traffic.Await(Connections);
        }
    });

    [SkippableTheory]
    [MemberData(nameof(Modes))]
    public void RestartsDisturbNobody(string mode) => Run(mode, (lab, traffic) =>
    {
        lab.Agent.Stop();
        traffic.Await(Connections);
        lab.Agent.Start(mode);
        traffic.Await(Connections);
        lab.Agent.Kill();
        traffic.Await(Connections);
        lab.Agent.Start(mode);
    });

    [SkippableFact]
    public void ChangeOfModeAndBackDisturbsNobody() => Run("iptables", (lab, traffic) =>
    {
        foreach (string mode in new[] { "nftables", "iptables" })
        {
            lab.Agent.Stop();
            traffic.Await(Connections);
            lab.Agent.Start(mode);
            traffic.Await(Connections);
        }

        // The other mode's rules go when the own ones are in place.
        SpinWait.SpinUntil(() => !Tables(lab).Contains("kube-proxy", StringComparison.Ordinal), LabClient.Patience).Should().BeTrue(Tables(lab));
    });

    private static void Run(string mode, Action<StandardLab, LabTraffic> body)
    {
        LabGround.RequireOrSkip();
        using StandardLab lab = new(StandardLab.KnowsPods);
        LabService service = Service([StandardLab.Endpoint("a1"), StandardLab.Endpoint("b1")]);
        lab.Agent.Put("service.yaml", service.ToYaml());
        lab.Agent.Start(mode);
        LabTraffic traffic = new([.. Ways(lab, service, isIPv6: false), .. Ways(lab, service, isIPv6: true)]);
        IReadOnlyList<Answer> answers;
        try
        {
            traffic.Await(Connections);
            body(lab, traffic);
            traffic.Await(Connections);
        }
        finally
        {
            answers = traffic.End();
        }

        answers.CountBy(answer => answer.Outcome).Should().ContainSingle("no connection may fail; {0}", lab.Agent.Log)
            .Which.Key.Should().Be(Outcome.Answered);
    }

    private static IEnumerable<(LabClient, IPEndPoint)> Ways(StandardLab lab, LabService service, bool isIPv6)
    {
        LabClient client = lab.Client("outside", isIPv6);
        yield return (client, new(service.ClusterIp(isIPv6), LabService.Port));
        yield return (client, new(service.LoadBalancerIp(isIPv6), LabService.Port));
        yield return (client, new(LabAddress.Parse(isIPv6 ? "2001:db8:2::10" : "192.0.2.10"), service.NodePort));
    }

    private static string Tables(StandardLab lab) => lab.Network.Node.Namespace.Run("nft", "list", "tables");

    private static LabService Service(IReadOnlyList<LabEndpoint> endpoints) => new("steady", 1) { Endpoints = endpoints };

    /// <summary>A change by a stranger that hurts no connection, but makes the agent write everything again.</summary>
    private static void Damage(StandardLab lab, string mode)
    {
        if (mode == "nftables")
        {
            lab.Network.Node.Namespace.Run("nft", "add", "rule", "ip", "kube-proxy", "services", "counter");
        }
        else
        {
            lab.Network.Node.Namespace.Run("iptables-nft", "-w", "-t", "nat", "-A", "KUBE-SERVICES", "-s", "192.0.2.250", "-j", "RETURN");
        }
    }
}
