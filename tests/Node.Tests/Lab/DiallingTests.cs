using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>What the tests under change rest on: rules that are missing for a moment are noticed.</summary>
[Trait("Category", "Netns")]
public sealed class DiallingTests
{
    /// <summary>As one who deletes first does it: the old rules go, the new ones come.</summary>
    [SkippableTheory]
    [InlineData("iptables")]
    [InlineData("nftables")]
    public void AMomentWithoutRulesIsNoticed(string mode)
    {
        LabRequirements.RequireOrSkip();
        using StandardLab lab = new(StandardLab.KnowsPods);
        LabService service = new("steady", 1) { Endpoints = [StandardLab.Endpoint("a1"), StandardLab.Endpoint("b1")] };
        lab.Agent.Put("service.yaml", service.ToManifest());
        lab.Agent.Start(mode);
        LabNamespace node = lab.Network.Node.Namespace;
        lab.Agent.Stop();
        (string save, string restore, string delete) = mode == "nftables"
            ? ("nft list table ip kube-proxy", "nft -f -", "nft delete table ip kube-proxy")
            : ("iptables-nft-save", "iptables-nft-restore", "iptables-nft -t nat -F KUBE-SERVICES");
        string rules = node.Run("sh", "-c", save);
        LabTraffic traffic = new((lab.Client("outside", isIPv6: false), LabRow.Destination("lb", service, isIPv6: false)));

        IReadOnlyList<Answer> answers = SteadyDialling.Run(traffic, () => node.RunWith(rules, "sh", "-c", $"{delete} && sleep 0.1 && {restore}"));

        answers.Should().Contain(answer => answer.Outcome != Outcome.Answered).And.Contain(answer => answer.Outcome == Outcome.Answered);
    }

    [SkippableFact]
    public void AnAnswerAfterARepeatedPacketIsLate()
    {
        LabRequirements.RequireOrSkip();
        using StandardLab lab = new(StandardLab.KnowsPods);
        LabService service = new("steady", 1) { Endpoints = [StandardLab.Endpoint("a1")] };
        lab.Agent.Put("service.yaml", service.ToManifest());
        lab.Agent.Start("nftables");
        lab.Network.Node.Namespace.RunWith(
            "table ip lose { chain in { type filter hook prerouting priority -400; ip daddr 198.51.100.1 tcp flags syn jump first; }; chain first { quota over 90 bytes accept; drop; }; }",
            "nft", "-f", "-");
        LabClient client = lab.Client("outside", isIPv6: false);

        Answer first = client.DialAsync(System.Net.Sockets.ProtocolType.Tcp, LabRow.Destination("lb", service, isIPv6: false), LabClient.AnswerTimeout).GetAwaiter().GetResult();
        Answer second = client.DialAsync(System.Net.Sockets.ProtocolType.Tcp, LabRow.Destination("lb", service, isIPv6: false), LabClient.AnswerTimeout).GetAwaiter().GetResult();

        first.Outcome.Should().Be(Outcome.Late);
        second.Outcome.Should().Be(Outcome.Answered);
    }
}
