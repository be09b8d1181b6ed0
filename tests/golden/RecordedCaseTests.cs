using System.Text;
using KubeProxySharp.Proxy.Commands.DryRun;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>What <c>dry-run</c> prints for the recorded objects is what the real kube-proxy 1.36 wrote for them.</summary>
public sealed class RecordedCaseTests
{
    /// <summary>Runs compare_iptables.py, whose folder is the argument, on each pair of files of the input.</summary>
    private const string CompareAll = """
        import sys
        sys.dont_write_bytecode = True
        sys.path.insert(0, sys.argv[1])
        import compare_iptables
        options = {'nfacct': False, 'comments': False, 'quiet': True}
        for line in sys.stdin:
            recorded, other = line.rstrip('\n').split('\t')
            try: print(0 if compare_iptables.compare(recorded, other, options) else 1)
            except SystemExit as end: print(end.code)
        """;

    private static readonly Dictionary<(string, IpFamily), string> s_rendered = [];

    /// <summary>The verdict of the recorder's tool on our rules, by the path of the recorded ones.</summary>
    private static readonly Lazy<Dictionary<string, string>> s_verdicts = new(CompareAllRecordings);

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

    [Trait("Category", "Slow")]
    [SkippableTheory]
    [MemberData(nameof(Recordings))]
    public void TheRecordersToolAgrees(string name, IpFamily family, string variant)
    {
        Skip.IfNot(ChildProcess.Exists("python3"), "python3 is not installed (./test.sh installs it)");

        s_verdicts.Value[RecordedPath(name, family, variant)].Should().Be("0", "compare_iptables.py says that the rules are equal");
    }

    /// <summary>Our comparison and the recorder's give one verdict on damaged rule sets too: neither is blind.</summary>
    [Trait("Category", "Slow")]
    [SkippableTheory]
    [InlineData("field-ingress-nginx-local")]
    [InlineData("nodeport-cluster")]
    public void BothComparisonsSeeTheSameDamage(string name)
    {
        Skip.IfNot(ChildProcess.Exists("python3"), "python3 is not installed (./test.sh installs it)");
        string recordedPath = RecordedPath(name, IpFamily.IPv4, "iptables");
        string[] lines = File.ReadAllLines(recordedPath);
        IReadOnlyList<string> expected = SaveDump.Parse(File.ReadAllText(recordedPath)).CanonicalLines();
        Random random = new(7);
        string[] damaged = [.. Enumerable.Range(0, Nightly.Size(15, 200)).Select(_ => Damage([.. lines], random))];

        string[] verdicts = CompareWithTool([.. damaged.Select(text => (recordedPath, text))]);

        for (int round = 0; round < damaged.Length; round++)
        {
            IsEqual(damaged[round], expected).Should().Be(verdicts[round] == "0", damaged[round]);
        }
    }

    /// <summary>The files as the user applied them give the same rules as what the API server made of them.</summary>
    [Theory]
    [MemberData(nameof(CasesWithoutKubernetesService))]
    public void AppliedManifestsGiveTheSameRulesAsStoredObjects(string name, IpFamily family)
    {
        string directory = RecordedCases.CaseDirectory(name);

        Render(name, family, Path.Combine(directory, "input")).Should().Be(DryRun(name, family));
    }

    private static Dictionary<string, string> CompareAllRecordings()
    {
        (string Path, string Text)[] pairs = [.. Recordings().Select(row => (RecordedPath((string)row[0], (IpFamily)row[1], (string)row[2]), DryRun((string)row[0], (IpFamily)row[1])))];
        return pairs.Zip(CompareWithTool(pairs)).ToDictionary(static pair => pair.First.Path, static pair => pair.Second, StringComparer.Ordinal);
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

    /// <summary>Compares pairs with the recorder's tool, in one process for all: to start one takes longer than a comparison.</summary>
    /// <returns>What the tool would exit with for each pair: 0 equal, 1 different, 2 not readable.</returns>
    private static string[] CompareWithTool((string RecordedPath, string Text)[] pairs)
    {
        string directory = Directory.CreateTempSubdirectory("kps-golden-").FullName;
        try
        {
            StringBuilder input = new();
            for (int pair = 0; pair < pairs.Length; pair++)
            {
                string path = Path.Combine(directory, $"{pair}.txt");
                File.WriteAllText(path, pairs[pair].Text);
                input.Append(pairs[pair].RecordedPath).Append('\t').Append(path).Append('\n');
            }

            return ChildProcess.Run("python3", input.ToString(), "-c", CompareAll, Path.Combine(RepositoryRoot.Recorded, "tools"))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

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
