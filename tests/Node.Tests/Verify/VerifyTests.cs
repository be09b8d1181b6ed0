using System.Text.Json;
using KubeProxySharp.Node.Tests.Agent;
using KubeProxySharp.Node.Tests.Flows;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Verify;

/// <summary>The command on a node with real rules and flows, on what was saved of it, and with an API server.</summary>
[Trait("Category", "Netns")]
public sealed class VerifyTests
{
    private const int Clean = 0;
    private const int Failure = 1;
    private const int Findings = 2;

    private static readonly string s_program = Path.Combine(AppContext.BaseDirectory, "kube-proxy-sharp");

    /// <summary>Takes every right from a program, root's too.</summary>
    private static readonly string[] s_withoutRights = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"];

    [SkippableTheory]
    [InlineData(ProxyMode.Nftables)]
    [InlineData(ProxyMode.Iptables)]
    public void ANodeAndWhatWasSavedOfItAreToldTheSame(string mode)
    {
        FlowLab.SkipUnlessPossible();
        using FlowLab lab = new("10.244.1.5", "--proxy-mode=" + mode);
        lab.Insert("10.244.1.5", 30);
        string[] common = ["-f", lab.ManifestPath, "--node", "node-a", "--mode", mode, "-o", "json"];
        Verify(lab.Network, common).ExitCode.Should().Be(Clean);

        // What the agent had done is not what is asked for any more.
        lab.Stop();
        lab.Write("10.244.1.6");
        ChildProcess.Result live = Verify(lab.Network, common);

        live.ExitCode.Should().Be(Findings, live.Error);
        JsonElement report = JsonDocument.Parse(live.Output).RootElement;
        JsonElement flows = report.GetProperty("flows");
        flows.GetProperty("staleByReason").GetProperty("endpoint-gone").GetInt32().Should().Be(30);
        flows.GetProperty("stale")[0].GetProperty("shouldBe").GetString().Should().Be("sent to 10.244.1.6:5353");
        report.GetProperty("rules").GetProperty("changed").GetInt32().Should().BePositive();
        report.GetProperty("rules").GetProperty("differences").EnumerateArray().Should().Contain(difference => difference.GetProperty("destination").GetString() == "10.96.0.10:53/udp");

        string flowsPath = Save(lab, "conntrack", "-L", "-o", "extended");
        string[] rulesPaths = mode == ProxyMode.Nftables ? [Save(lab, "nft", "-j", "list", "ruleset")] : [Save(lab, "iptables-save"), Save(lab, "ip6tables-save")];
        string[] addresses = ["127.0.0.1/8", "::1/128", "10.244.1.5/32", "10.244.1.6/32", "10.244.1.200/32", "10.96.0.10/32"];
        ChildProcess.Result saved = ChildProcess.Try(
            s_withoutRights[0],
            "",
            [
                .. s_withoutRights[1..], s_program, "verify", .. common, "--conntrack", flowsPath, .. rulesPaths.SelectMany(path => (string[])["--rules", path]),
                .. addresses.SelectMany(address => (string[])["--node-address", address]),
            ]);

        saved.ExitCode.Should().Be(Findings, saved.Error);
        JsonElement savedReport = JsonDocument.Parse(saved.Output).RootElement;
        savedReport.GetProperty("rules").GetRawText().Should().Be(report.GetProperty("rules").GetRawText());
        savedReport.GetProperty("flows").GetProperty("staleByReason").GetRawText().Should().Be(flows.GetProperty("staleByReason").GetRawText());
    }

    [SkippableFact]
    public void WithoutRightsItSaysWhichOnesAreMissing()
    {
        FlowLab.SkipUnlessPossible();
        using LabNamespace network = LabNamespace.Create("verify");
        string manifest = Path.GetTempFileName() + ".yaml";
        File.WriteAllText(manifest, "kind: Node\napiVersion: v1\nmetadata: {name: node-a}\n");

        ChildProcess.Result result = ChildProcess.Try("ip", "", ["netns", "exec", network.Name, .. s_withoutRights, s_program, "verify", "-f", manifest]);

        File.Delete(manifest);
        result.ExitCode.Should().Be(Failure);
        result.Error.Should().StartWith("error: ").And.Contain("CAP_NET_ADMIN");
        result.Output.Should().BeEmpty();
    }

    [SkippableFact]
    public async Task AnApiServerIsAsked()
    {
        await using AgentLab lab = await AgentLab.CreateOrSkipAsync();
        lab.Put(ApiObjects.Node(), ApiObjects.ServiceCidr("kubernetes", "10.96.0.0/16"), ApiObjects.Service("web", "10.96.0.10"), ApiObjects.Slice("web", "10.244.1.5"));
        string[] options = ["--kubeconfig", lab.KubeconfigPath, "--node", ApiObjects.NodeName, "--mode", ProxyMode.Nftables];
        ChildProcess.Result before = Verify(lab.Network, options);
        before.ExitCode.Should().Be(Findings, before.Error);
        before.Output.Should().Contain("missing 10.96.0.10:80/tcp (shop/web:http)");

        lab.StartAgent();
        await lab.UntilRulesAreThereAsync();
        ChildProcess.Result after = Verify(lab.Network, options);

        after.ExitCode.Should().Be(Clean, after.Output + after.Error);
        after.Output.Should().Contain("clean on node node-a");
        ChildProcess.Result wrong = Verify(lab.Network, ["--kubeconfig", lab.PathOf("none")]);
        wrong.ExitCode.Should().Be(Failure);
        wrong.Error.Should().StartWith("error: ").And.Contain(lab.PathOf("none"));
    }

    private static ChildProcess.Result Verify(LabNamespace network, string[] options) =>
        ChildProcess.Try("ip", "", ["netns", "exec", network.Name, s_program, "verify", .. options]);

    private static string Save(FlowLab lab, params string[] tool)
    {
        string path = Path.Combine(lab.ManifestPath, "..", Path.GetFileName(lab.ManifestPath) + "-" + tool[0] + ".saved");
        File.WriteAllText(path, ChildProcess.Run("ip", "", ["netns", "exec", lab.Network.Name, .. tool]));
        lab.Remove(path);
        return path;
    }
}
