using System.Text;
using KubeProxySharp.Proxy.Commands.DryRun;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>What <c>dry-run</c> prints for the recorded objects is what the real kube-proxy 1.36 wrote for them.</summary>
public sealed class RecordedCaseTests
{
    private static readonly Dictionary<(string, IpFamily), string> s_rendered = [];

    public static TheoryData<string, IpFamily, string> Recordings()
    {
        TheoryData<string, IpFamily, string> recordings = [];
        foreach (string name in RecordedCases.Cases)
        {
            foreach (string variant in (string[])["iptables", "iptables-legacy"])
            {
                if (Directory.Exists(Path.Combine(RecordedCases.CaseDirectory(name), variant)))
                {
                    recordings.Add(name, IpFamily.IPv4, variant);
                    recordings.Add(name, IpFamily.IPv6, variant);
                }
            }
        }

        return recordings;
    }

    public static TheoryData<string, IpFamily> CasesByFamily()
    {
        TheoryData<string, IpFamily> cases = [];
        foreach (string name in RecordedCases.Cases)
        {
            cases.Add(name, IpFamily.IPv4);
            cases.Add(name, IpFamily.IPv6);
        }

        return cases;
    }

    /// <summary>Cases where default/kubernetes, which only the API server knows, is not in the rules.</summary>
    public static TheoryData<string, IpFamily> CasesWithoutKubernetesService()
    {
        TheoryData<string, IpFamily> cases = [];
        foreach (string name in RecordedCases.Cases.Where(name => RecordedNode.Read(RecordedCases.CaseDirectory(name)).IsKubernetesServiceHidden))
        {
            cases.Add(name, IpFamily.IPv4);
            cases.Add(name, IpFamily.IPv6);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public void RulesEqualTheRecordedOnes(string name, IpFamily family, string variant)
    {
        IReadOnlyList<string> expected = SaveDump.Parse(Recorded(name, family, variant)).CanonicalLines();

        IReadOnlyList<string> actual = SaveDump.Parse(DryRun(name, family)).CanonicalLines();

        actual.SequenceEqual(expected).Should().BeTrue(TextDiff.Describe(expected, actual));
    }

    /// <summary>Beyond the comparison rules: every byte but the order inside the chains that kube-proxy fills in random order.</summary>
    [Theory]
    [MemberData(nameof(CasesByFamily))]
    public void TextIsWhatTheToolPrintsByteForByte(string name, IpFamily family)
    {
        string[] expected = SortedInsideRandomChains(Recorded(name, family, "iptables"));

        string[] actual = SortedInsideRandomChains(DryRun(name, family));

        actual.SequenceEqual(expected).Should().BeTrue(TextDiff.Describe(expected, actual));
    }

    [SkippableTheory]
    [MemberData(nameof(Recordings))]
    public void TheRecordersToolAgrees(string name, IpFamily family, string variant)
    {
        Skip.IfNot(ChildProcess.Exists("python3"), "python3 is not installed (./test.sh installs it)");
        string path = Path.Combine(Path.GetTempPath(), $"kps-golden-{Environment.ProcessId}-{name}-{family}-{variant}.txt");
        File.WriteAllText(path, DryRun(name, family));
        try
        {
            ChildProcess.Result verdict = ChildProcess.Try("python3", "", Tool, RecordedPath(name, family, variant), path);

            verdict.ExitCode.Should().Be(0, verdict.Output + verdict.Error);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Our comparison and the recorder's give one verdict on damaged rule sets too: neither is blind.</summary>
    [SkippableTheory]
    [InlineData("field-ingress-nginx-local")]
    [InlineData("nodeport-cluster")]
    public void BothComparisonsSeeTheSameDamage(string name)
    {
        Skip.IfNot(ChildProcess.Exists("python3"), "python3 is not installed (./test.sh installs it)");
        string recordedPath = RecordedPath(name, IpFamily.IPv4, "iptables");
        string[] lines = File.ReadAllLines(recordedPath);
        IReadOnlyList<string> expected = SaveDump.Parse(File.ReadAllText(recordedPath)).CanonicalLines();
        string path = Path.Combine(Path.GetTempPath(), $"kps-damage-{Environment.ProcessId}-{name}.txt");
        Random random = new(7);
        for (int round = 0; round < 15; round++)
        {
            string damaged = Damage([.. lines], random);
            File.WriteAllText(path, damaged);

            bool isEqualForUs = IsEqual(damaged, expected);
            bool isEqualForTool = ChildProcess.Try("python3", "", Tool, "-q", recordedPath, path).ExitCode == 0;

            isEqualForUs.Should().Be(isEqualForTool, damaged);
        }

        File.Delete(path);
    }

    /// <summary>The files as the user applied them give the same rules as what the API server made of them.</summary>
    [Theory]
    [MemberData(nameof(CasesWithoutKubernetesService))]
    public void AppliedManifestsGiveTheSameRulesAsStoredObjects(string name, IpFamily family)
    {
        string directory = RecordedCases.CaseDirectory(name);

        Render(name, family, Path.Combine(directory, "input")).Should().Be(DryRun(name, family));
    }

    /// <summary>Text that cannot be read, such as a rule of a chain that its table lacks, equals nothing.</summary>
    private static bool IsEqual(string text, IReadOnlyList<string> expected)
    {
        try
        {
            return SaveDump.Parse(text).CanonicalLines().SequenceEqual(expected);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static string Tool => Path.Combine(RepositoryRoot.Recorded, "tools", "compare_iptables.py");

    private static string DryRun(string name, IpFamily family)
    {
        lock (s_rendered)
        {
            if (!s_rendered.TryGetValue((name, family), out string? text))
            {
                text = Render(name, family, Path.Combine(RecordedCases.CaseDirectory(name), "objects.json"));
                s_rendered.Add((name, family), text);
            }

            return text;
        }
    }

    private static string Render(string name, IpFamily family, string objects)
    {
        string directory = RecordedCases.CaseDirectory(name);
        RecordedNode node = RecordedNode.Read(directory);
        MemoryStream output = new();
        StringWriter errors = new();
        DryRunOptions options = new()
        {
            Paths = [objects],
            ConfigPath = Path.Combine(directory, "config.yaml"),
            NodeName = node.Name,
            NodeAddresses = node.Addresses,
            Families = [family],
        };

        int exitCode = new DryRunCommand(static () => Stream.Null, () => output, errors).Run(options);

        exitCode.Should().Be(ExitCode.Success, errors.ToString());
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static string RecordedPath(string name, IpFamily family, string variant) =>
        Path.Combine(RecordedCases.CaseDirectory(name), variant, family == IpFamily.IPv4 ? "iptables-save.txt" : "ip6tables-save.txt");

    private static string Recorded(string name, IpFamily family, string variant) => File.ReadAllText(RecordedPath(name, family, variant));

    private static string[] SortedInsideRandomChains(string text)
    {
        string[] random = ["-A KUBE-SERVICES ", "-A KUBE-NODEPORTS ", "-A KUBE-EXTERNAL-SERVICES ", "-A KUBE-PROXY-FIREWALL "];
        List<string> lines = [.. text.Split('\n').Where(line => !line.StartsWith('#'))];
        for (int start = 0; start < lines.Count; start++)
        {
            string? chain = Array.Find(random, prefix => lines[start].StartsWith(prefix, StringComparison.Ordinal));
            if (chain is null)
            {
                continue;
            }

            int end = start;
            while (end < lines.Count && lines[end].StartsWith(chain, StringComparison.Ordinal))
            {
                end++;
            }

            lines.Sort(start, end - start, StringComparer.Ordinal);
            start = end - 1;
        }

        return [.. lines];
    }

    private static string Damage(List<string> lines, Random random)
    {
        int[] rules = [.. Enumerable.Range(0, lines.Count).Where(index => lines[index].StartsWith("-A ", StringComparison.Ordinal))];
        int chosen = rules[random.Next(rules.Length)];
        int other = rules[random.Next(rules.Length)];
        switch (random.Next(3))
        {
            case 0:
                lines.RemoveAt(chosen);
                break;
            case 1:
                (lines[chosen], lines[other]) = (lines[other], lines[chosen]);
                break;
            default:
                lines[chosen] = lines[chosen].Replace('1', '2');
                break;
        }

        // Exchanging rules of two tables would name chains that the other table lacks; keep such text readable for both.
        return string.Join('\n', lines) + "\n";
    }
}
