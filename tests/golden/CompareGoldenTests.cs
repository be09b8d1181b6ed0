using System.Text;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Compare;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>The reports of <c>compare</c>, word by word.</summary>
[Trait("Category", "OwnGolden")]
public sealed class CompareGoldenTests
{
    [Theory]
    [InlineData("iptables", false, "iptables.txt.golden")]
    [InlineData("nftables", false, "nftables.txt.golden")]
    [InlineData("iptables", true, "iptables.json.golden")]
    public async Task ReportsAreAsWrittenDown(string mode, bool isJson, string file)
    {
        string root = Path.Combine(RepositoryRoot.Golden, "compare");
        (int exitCode, string text) = await RunAsync(Side("a.yaml", mode), Side("b.yaml", mode), [], isJson);
        string actual = text.Replace(root + "/", "", StringComparison.Ordinal);
        exitCode.Should().Be(ExitCode.Findings);
        string path = Path.Combine(root, file);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(path, actual);
            return;
        }

        string expected = await File.ReadAllTextAsync(path);
        (actual == expected).Should().BeTrue($"{file} changed; ./test.sh --update-golden rewrites it\n{TextDiff.Describe(expected.Split('\n'), actual.Split('\n'))}");
    }

    [Fact]
    public async Task EqualRulesAreSaidToBeEqual()
    {
        (int exitCode, string text) = await RunAsync(Side("a.yaml", "nftables"), Side("a.yaml", "nftables"), [], isJson: false);

        exitCode.Should().Be(ExitCode.Success);
        text.Should().EndWith("equal: both do the same with every packet\n");
    }

    [Fact]
    public async Task ModesAreEqualButForWhatIsIgnored()
    {
        (int differing, string named) = await RunAsync(Side("a.yaml", "iptables"), Side("a.yaml", "nftables"), [], isJson: false);
        (int ignoring, string text) = await RunAsync(Side("a.yaml", "iptables"), Side("a.yaml", "nftables"), ModeDifference.All, isJson: false);

        differing.Should().Be(ExitCode.Findings);
        named.Should().Contain("documented: ").And.Contain("--ignore unused-ports");
        ignoring.Should().Be(ExitCode.Success);
        text.Should().Contain("ignored: unused-ports, 4 destinations").And.Contain("equal");
    }

    private static ClusterOptions Side(string file, string mode) => new()
    {
        Paths = [Path.Combine(RepositoryRoot.Golden, "compare", file)],
        Mode = mode,
        NodeName = "node-a",
    };

    private static async Task<(int ExitCode, string Text)> RunAsync(ClusterOptions a, ClusterOptions b, IReadOnlyList<ModeDifference> ignored, bool isJson)
    {
        MemoryStream output = new();
        StringWriter errors = new();
        CommandStreams streams = new(static () => Stream.Null, () => output, errors, IsOutputOnTerminal: false, AreErrorsOnTerminal: false);
        CompareOptions options = new() { A = a, B = b, Families = [IpFamily.IPv4], Ignored = ignored, IsJson = isJson };

        int exitCode = await new CompareCommand(streams, AgentHost.OfProcess(TimeProvider.System)).RunAsync(options, CancellationToken.None);

        errors.ToString().Should().BeEmpty();
        return (exitCode, Encoding.UTF8.GetString(output.ToArray()));
    }
}
