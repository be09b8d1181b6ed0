using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Commands.Explain;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>
/// For the rules of all recorded cases, of both modes and families, made from manifests or saved, and packets from outside, from
/// the node, from a pod and from an endpoint of the destination itself: the packet, the answer, why, and the way fit a screen,
/// and no rule is printed twice.
/// </summary>
public sealed partial class ExplainScreenTests
{
    /// <summary>Destinations of a case that are asked for, spread over its rules.</summary>
    private const int MostDestinations = 4;

    private const int MaxMilliseconds = 10_000;

    public static TheoryData<string> Cases() => [.. RecordedCases.Cases];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task AnswersFitAScreen(string name)
    {
        string directory = RecordedCases.CaseDirectory(name);
        RecordedNode node = RecordedNode.Read(directory);
        string[] addresses = [.. node.Addresses.SelectMany(static address => (string[])["--node-address", address.ToString()])];
        bool hasNft = !File.Exists(Path.Combine(directory, "nftables", "failed-sync.txt")); // kube-proxy failed to load some
        foreach (string destination in Destinations(directory, node))
        {
            bool isIPv4 = destination[0] != '[';
            string[] manifests = ["-f", Path.Combine(directory, "input"), "--config", Path.Combine(directory, "config.yaml"), "--node", node.Name, "--mode", "both", .. addresses];
            string outside = await AskAsync("outside", destination, manifests, walks: 2);
            List<string> sources = [isIPv4 ? "10.244.77.7" : "fd00:10:244:77::7"];
            if (node.Addresses.Any(address => !address.IsLoopback && address.IsIPv4 == isIPv4))
            {
                sources.Add("node");
            }

            if (Endpoint().Matches(outside) is { Count: > 0 } endpoints)
            {
                sources.Add(endpoints[^1].Groups["address"].Value);
            }

            foreach (string source in sources)
            {
                await AskAsync(source, destination, manifests, walks: 2);
            }

            string iptables = Path.Combine("iptables", isIPv4 ? "iptables-save.txt" : "ip6tables-save.txt");
            foreach (string saved in (string[])[iptables, .. hasNft ? (string[])[Path.Combine("nftables", "nft.txt")] : []])
            {
                foreach (string source in sources.Append("outside"))
                {
                    await AskAsync(source, destination, ["--rules", Path.Combine(directory, saved), .. addresses], walks: 1);
                }
            }
        }
    }

    private static async Task<string> AskAsync(string source, string destination, string[] inputs, int walks)
    {
        ExplainRun run = await ExplainRun.WithAsync([.. inputs, "--from", source, "--to", destination]);
        run.ExitCode.Should().Be(0, run.Errors);
        string[][] answers = [.. Walks(run.Output)];
        answers.Should().HaveCount(walks, run.Output);
        foreach (string[] answer in answers)
        {
            answer.Length.Should().BeLessThanOrEqualTo(ExplainText.LinesOfScreen, $"{source} -> {destination}, {string.Join(' ', inputs)}:\n{string.Join('\n', answer)}");
            Rules(answer).Should().OnlyHaveUniqueItems($"{source} -> {destination}, {string.Join(' ', inputs)}");
        }

        return run.Output;
    }

    /// <summary>For each set of rules the packet, and the lines from the answer to the end of the way.</summary>
    private static IEnumerable<string[]> Walks(string output)
    {
        string[] lines = output.Split('\n');
        int begin = Array.IndexOf(lines, "") + 1;
        string[] packet = lines[..begin];
        while (begin < lines.Length)
        {
            int end = Array.FindIndex(lines, begin, static line => line.StartsWith("conntrack", StringComparison.Ordinal));
            if (end < 0)
            {
                yield break;
            }

            yield return [.. packet, .. lines[begin..(end - 1)]];
            int next = Array.FindIndex(lines, end, static line => line.StartsWith("nftables: ", StringComparison.Ordinal));
            begin = next < 0 ? lines.Length : next;
        }
    }

    /// <summary>The texts of rules, each with its chain: a text stands below its number.</summary>
    private static IEnumerable<string> Rules(string[] lines)
    {
        for (int index = 0; index + 1 < lines.Length; index++)
        {
            string next = lines[index + 1];
            if (Number().Match(lines[index]) is { Success: true } rule && Indentation(next) == Indentation(lines[index]) + 2 && !next.TrimStart().StartsWith("because ", StringComparison.Ordinal))
            {
                yield return $"{rule.Groups["chain"].Value} {next.Trim()}";
            }
        }
    }

    private static int Indentation(string line) => line.Length - line.TrimStart(' ').Length;

    private static IEnumerable<string> Destinations(string directory, RecordedNode recorded)
    {
        string[] rules = [.. Directory.EnumerateFiles(Path.Combine(directory, "iptables"), "*-save.txt").Order(StringComparer.Ordinal)
            .SelectMany(File.ReadLines)
            .Where(static line => line.StartsWith("-A KUBE-SERVICES -d ", StringComparison.Ordinal) || line.StartsWith("-A KUBE-NODEPORTS -p ", StringComparison.Ordinal))
            .Where(static line => line.Contains("--dport ", StringComparison.Ordinal))];
        string node = recorded.Addresses.First(static address => !address.IsLoopback).ToString();
        for (int index = 0; index < rules.Length; index += Math.Max(1, rules.Length / MostDestinations))
        {
            string protocol = rules[index].Split(" -p ")[1].Split(' ')[0];
            string port = rules[index].Split("--dport ")[1].Split(' ')[0];
            string address = rules[index].StartsWith("-A KUBE-SERVICES", StringComparison.Ordinal) ? rules[index].Split(' ')[3].Split('/')[0] : node;
            yield return $"{(IpAddress.Parse(address).IsIPv4 ? address : $"[{address}]")}:{port}/{protocol}";
        }
    }

    [GeneratedRegex(@"^ +(?<chain>\S+ \S+) rule \d+: ", RegexOptions.ExplicitCapture, MaxMilliseconds)]
    private static partial Regex Number();

    [GeneratedRegex(@"(sent to| %|% to) +(\[(?<address>[0-9a-f:]+)\]|(?<address>[0-9.]+)):\d+", RegexOptions.ExplicitCapture, MaxMilliseconds)]
    private static partial Regex Endpoint();
}
