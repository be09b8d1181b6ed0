using System.Text;
using KubeProxySharp.Proxy.Commands.DryRun;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>
/// Our own golden files, for what no recording shows. A case is a folder with README.md, input.yaml (or none, for
/// examples/), config.yaml if it has one, and what <c>dry-run</c> prints in each mode: iptables.golden and
/// nftables.golden. <c>./test.sh --update-golden</c> rewrites these two.
/// </summary>
[Trait("Category", "OwnGolden")]
public sealed class OwnGoldenTests
{
    private static readonly string[] s_files = ["README.md", "input.yaml", "config.yaml", Golden(ProxyMode.Iptables), Golden(ProxyMode.Nftables)];

    public static TheoryData<string> Cases() => [.. Names];

    public static TheoryData<string, string> CasesByMode()
    {
        TheoryData<string, string> cases = [];
        foreach (string name in Names)
        {
            cases.Add(name, ProxyMode.Iptables);
            cases.Add(name, ProxyMode.Nftables);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(CasesByMode))]
    public void RulesAreAsWrittenDown(string name, string mode)
    {
        string directory = Path.Combine(Root, name);
        Directory.GetFiles(directory).Select(path => Path.GetFileName(path)).Should().BeSubsetOf(s_files).And.Contain("README.md");
        string path = Path.Combine(directory, Golden(mode));
        string actual = Render(name, directory, mode);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, actual);
            return;
        }

        string expected = File.ReadAllText(path);
        (actual == expected).Should().BeTrue(
            $"{mode} rules of {name} changed; ./test.sh --update-golden rewrites it\n{TextDiff.Describe(expected.Split('\n'), actual.Split('\n'))}");
    }

    /// <summary>Text that looks right to a reader may still be refused by nft or by the kernel.</summary>
    [Trait("Category", "Netns")]
    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void NftTakesTheScript(string name)
    {
        string script = Render(name, Path.Combine(Root, name), ProxyMode.Nftables);
        NetworkNamespace.RunOrSkip(
            () =>
            {
                ChildProcess.Run("nft", script, "-f", "-");

                NftTable.List("ip").Should().NotBeEmpty();
                NftTable.List("ip6").Should().NotBeEmpty();
            },
            "nft");
    }

    private static IEnumerable<string> Names => Directory.GetDirectories(Root).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private static string Root => Path.Combine(RepositoryRoot.Golden, "own");

    private static string Golden(string mode) => $"{mode}.golden";

    private static string Render(string name, string directory, string mode)
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
            Mode = mode,
            Families = [IpFamily.IPv4, IpFamily.IPv6],
            HasNfacct = name != "without-nfacct",
        };

        int exitCode = new DryRunCommand(static () => Stream.Null, () => output, errors).Run(options);

        exitCode.Should().Be(ExitCode.Success, errors.ToString());
        return Encoding.UTF8.GetString(output.ToArray());
    }
}
