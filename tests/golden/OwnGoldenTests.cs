using System.Text;
using KubeProxySharp.Proxy;
using KubeProxySharp.Proxy.DryRun;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>
/// Our own golden files, for what no recording shows. A case is a folder with README.md, input.yaml (or none, for
/// examples/), config.yaml if it has one, and iptables.golden. <c>./test.sh --update-golden</c> rewrites the last.
/// </summary>
[Trait("Category", "OwnGolden")]
public sealed class OwnGoldenTests
{
    private static readonly string[] s_files = ["README.md", "input.yaml", "config.yaml", "iptables.golden"];

    public static TheoryData<string> Cases() => [.. Directory.GetDirectories(Root).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void RulesAreAsWrittenDown(string name)
    {
        string directory = Path.Combine(Root, name);
        Directory.GetFiles(directory).Select(path => Path.GetFileName(path)).Should().BeSubsetOf(s_files).And.Contain("README.md");
        string path = Path.Combine(directory, "iptables.golden");
        string actual = Render(name, directory);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, actual);
            return;
        }

        string expected = File.ReadAllText(path);
        (actual == expected).Should().BeTrue(
            $"{name} changed; ./test.sh --update-golden rewrites it\n{TextDiff.Describe(expected.Split('\n'), actual.Split('\n'))}");
    }

    private static string Root => Path.Combine(RepositoryRoot.Golden, "own");

    private static string Render(string name, string directory)
    {
        string input = Path.Combine(directory, "input.yaml");
        string config = Path.Combine(directory, "config.yaml");
        bool isExamples = name == "examples";
        MemoryStream output = new();
        StringWriter errors = new();
        DryRunOptions options = new()
        {
            Paths = [isExamples ? RepositoryRoot.Combine("examples", "cluster.yaml") : input],
            ConfigPath = isExamples ? RepositoryRoot.Combine("examples", "kube-proxy.yaml") : File.Exists(config) ? config : null,
            NodeName = "node-a",
            Families = [IpFamily.IPv4, IpFamily.IPv6],
            HasNfacct = name != "without-nfacct",
        };

        int exitCode = new DryRunCommand(static () => Stream.Null, () => output, errors).Run(options);

        exitCode.Should().Be(ExitCode.Success, errors.ToString());
        return Encoding.UTF8.GetString(output.ToArray());
    }
}
