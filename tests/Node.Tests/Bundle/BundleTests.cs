using System.Text.Json;
using KubeProxySharp.Node.Tests.Flows;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Bundle;

/// <summary>A bundle of a node with a running agent, and what the offline commands say of it elsewhere without any rights.</summary>
[Trait("Category", "Netns")]
public sealed class BundleTests
{
    private const int Clean = 0;
    private const int Findings = 2;

    private static readonly string s_program = Path.Combine(AppContext.BaseDirectory, "kube-proxy-sharp");

    [SkippableTheory]
    [InlineData(ProxyMode.Nftables)]
    [InlineData(ProxyMode.Iptables)]
    public void ABundleGivesTheAnswersOfItsNode(string mode)
    {
        FlowLab.SkipUnlessPossible();
        using FlowLab lab = new("10.244.1.5", "--proxy-mode=" + mode);
        lab.Insert("10.244.1.5", 30);
        string whole = Collect(lab, "whole", []);
        string anonymous = Anonymize(lab, whole, "anonymous");

        ChildProcess.Result status = Offline("status", "--bundle", whole, "-o", "json");
        status.ExitCode.Should().Be(Clean, status.Error);
        JsonDocument.Parse(status.Output).RootElement.GetProperty("agent").GetProperty("mode").GetString().Should().Be(mode);
        Offline("status", "--bundle", anonymous).ExitCode.Should().Be(Clean);
        ChildProcess.Result answer = Offline("explain", "--bundle", whole, "--from", "node", "--to", "svc:shop/web-udp");
        answer.ExitCode.Should().Be(Clean, answer.Error);
        answer.Output.Should().Contain("10.244.1.5:5353");
        foreach (string bundle in (string[])[whole, anonymous])
        {
            ChildProcess.Result verified = Offline("verify", "--bundle", bundle, "-o", "json");
            verified.ExitCode.Should().Be(Clean, verified.Output + verified.Error);
            JsonDocument.Parse(verified.Output).RootElement.GetProperty("rules").GetProperty("compared").GetInt32().Should().BePositive();
            ChildProcess.Result compared = Offline("compare", "--bundle", bundle, "live", "cluster");
            compared.ExitCode.Should().Be(Clean, compared.Output + compared.Error);
            Offline("plan", "--bundle", bundle).ExitCode.Should().Be(Clean);
            Offline("dry-run", "--bundle", bundle).Output.Should().Contain("10.").And.NotBeEmpty();
        }

        // The agent is gone, and the cluster asks for something else.
        lab.Stop();
        lab.Write("10.244.1.6");
        string stale = Collect(lab, "stale", ["-f", lab.ManifestPath, "--node", "node-a", "--mode", mode]);
        foreach (string bundle in (string[])[stale, Anonymize(lab, stale, "stale-anonymous")])
        {
            ChildProcess.Result verified = Offline("verify", "--bundle", bundle, "-o", "json");

            verified.ExitCode.Should().Be(Findings, verified.Error);
            JsonElement report = JsonDocument.Parse(verified.Output).RootElement;
            report.GetProperty("flows").GetProperty("staleByReason").GetProperty("endpoint-gone").GetInt32().Should().Be(30);
            report.GetProperty("rules").GetProperty("changed").GetInt32().Should().BePositive();
        }
    }

    private static string Collect(FlowLab lab, string name, string[] options)
    {
        string path = PathOf(lab, name);
        ChildProcess.Result made = ChildProcess.Try("ip", "", ["netns", "exec", lab.Network.Name, s_program, "bundle", "-o", path, .. options]);
        made.ExitCode.Should().Be(Clean, made.Error);
        return path;
    }

    private static string Anonymize(FlowLab lab, string bundle, string name)
    {
        string path = PathOf(lab, name);
        ChildProcess.Result made = ChildProcess.Try(s_program, "", ["bundle", "--bundle", bundle, "--anonymize", "-o", path]);
        made.ExitCode.Should().Be(Clean, made.Error);
        ChildProcess.Run("tar", "", "-xzOf", path).Should().NotContain("10.244.1.5").And.NotContain("10.96.0.10").And.NotContain("web-udp").And.NotContain("shop");
        return path;
    }

    private static string PathOf(FlowLab lab, string name)
    {
        string path = Path.GetFullPath(Path.Combine(lab.ManifestPath, "..", $"{Path.GetFileName(lab.ManifestPath)}-{name}.tar.gz"));
        lab.Remove(path);
        return path;
    }

    /// <summary>Runs a command with every right taken from it, root's too.</summary>
    private static ChildProcess.Result Offline(params string[] arguments) => ChildProcess.Try("setpriv", "", ["--inh-caps=-all", "--bounding-set=-all", s_program, .. arguments]);
}
