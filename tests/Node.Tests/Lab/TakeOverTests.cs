using System.Net;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>
/// Rules of another writer are taken over while 200 new connections a second are made: ours are complete before those go.
/// </summary>
[Trait("Category", "Netns")]
public sealed class TakeOverTests
{
    /// <summary>Recorded rules, our mode, our variant of iptables.</summary>
    public static TheoryData<string, string, string> Directions() => new()
    {
        { "iptables", "iptables", "nft" },
        { "iptables", "nftables", "nft" },
        { "iptables-legacy", "iptables", "legacy" },
        { "iptables-legacy", "nftables", "auto" },
        { "nftables", "nftables", "nft" },
        { "nftables", "iptables", "nft" },
        { "nftables", "iptables", "legacy" },
    };

    [SkippableTheory]
    [MemberData(nameof(Directions))]
    public void RulesOfTheRealKubeProxyAreTakenOver(string recording, string mode, string variant)
    {
        LabRequirements.RequireOrSkip();
        using FieldLab lab = FieldLab.Ingress("field-ingress-nginx-cluster");

        TakeOver(lab, recording, mode, variant, [
            (lab.Outside, new(LabAddress.Parse("10.33.151.160"), 443)),
            (lab.Outside, new(LabAddress.Parse("10.33.144.10"), 31255)),
            (lab.Outside, new(LabAddress.Parse("10.97.74.168"), 443)),
        ]);

        FieldLab.Answers(lab.Outside, "10.33.151.160", 443, attempts: 80).Should().HaveCount(4);
    }

    [SkippableTheory]
    [MemberData(nameof(Directions))]
    public void BothFamiliesAreTakenOver(string recording, string mode, string variant)
    {
        LabRequirements.RequireOrSkip();
        using FieldLab lab = new("dual-stack", "192.168.0.2/24", "192.168.0.3/24", "192.168.0.1/24", "10.244.0.1", "10.96.0.0/12", "fd00:10:96::/112");
        LabHost pod = lab.Network.AddPod("local", "10.244.0.181", "fd00:10:244::181");
        pod.Serve("local", "10.244.0.181", 8080);
        pod.Serve("local", "fd00:10:244::181", 8080);
        lab.AddSecondPods(8080, "10.244.1.181", "fd00:10:244:1::181");

        TakeOver(lab, recording, mode, variant, [
            (lab.Outside, new(LabAddress.Parse("10.98.18.1"), 80)),
            (lab.OutsideIPv6, new(LabAddress.Parse("fd00:10:96::1801"), 80)),
            (lab.Outside, new(LabAddress.Parse("192.168.0.2"), 31801)),
            (lab.OutsideIPv6, new(LabAddress.Parse("fd00:192:168::2"), 31801)),
        ]);
    }

    [SkippableTheory]
    [InlineData("iptables", "nft", "nftables")]
    [InlineData("iptables", "legacy", "nftables")]
    [InlineData("nftables", "nft", "iptables")]
    public void AChangeOfModeAndBackDisturbsNobody(string first, string variant, string second)
    {
        LabRequirements.RequireOrSkip();
        using StandardLab lab = new(StandardLab.KnowsPods);
        LabService service = new("steady", 1) { Endpoints = [StandardLab.Endpoint("a1"), StandardLab.Endpoint("b1")] };
        lab.Agent.Put("service.yaml", service.ToManifest());
        lab.Agent.Start(first, variant);
        LabTraffic traffic = new([.. from isIPv6 in new[] { false, true }
                                     from to in new[] { "cluster", "lb", "nodeport" }
                                     select (lab.Client("outside", isIPv6), LabRow.Destination(to, service, isIPv6))]);
        SteadyDialling.AllAreAnswered(traffic, lab.Agent, () =>
        {
            foreach (string mode in new[] { second, first })
            {
                lab.Agent.Stop();
                traffic.Await(SteadyDialling.Connections);
                lab.Agent.Start(mode, variant);
                OnlyRulesOf(mode, variant, lab.Network.Node.Namespace);
                traffic.Await(SteadyDialling.Connections);
            }
        });
    }

    private static void TakeOver(FieldLab lab, string recording, string mode, string variant, (LabClient, IPEndPoint)[] ways)
    {
        lab.LoadRecording(recording);
        LabTraffic traffic = new(ways);
        SteadyDialling.AllAreAnswered(traffic, lab.Agent, () =>
        {
            lab.Agent.Start(mode, variant);
            OnlyRulesOf(mode, variant, lab.Network.Node.Namespace);
        });
    }

    /// <summary>The rules of the other mode go when the own ones are in place.</summary>
    private static void OnlyRulesOf(string mode, string variant, LabNamespace node)
    {
        string[] wanted = mode == "nftables" ? ["kube-proxy"] : [variant == "legacy" ? "legacy" : "nft"];
        string[] there = [];
        SpinWait.SpinUntil(() => (there = [.. RuleSets(node)]).SequenceEqual(wanted), TimeSpan.FromSeconds(30)).Should().BeTrue("there is {0}", string.Join(", ", there));
    }

    /// <summary>Which kinds of rules lead to Services: <c>kube-proxy</c> for the table of nftables mode, or a variant of iptables.</summary>
    private static IEnumerable<string> RuleSets(LabNamespace node)
    {
        if (node.Run("nft", "list", "tables").Contains("kube-proxy", StringComparison.Ordinal))
        {
            yield return "kube-proxy";
        }

        foreach (string variant in new[] { "nft", "legacy" })
        {
            if (node.Run($"iptables-{variant}-save", "-t", "nat").Contains("KUBE-SVC-", StringComparison.Ordinal)
                || node.Run($"ip6tables-{variant}-save", "-t", "nat").Contains("KUBE-SVC-", StringComparison.Ordinal))
            {
                yield return variant;
            }
        }
    }
}
