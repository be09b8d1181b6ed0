using KubeProxySharp.Proxy.Commands.Explain;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>For packets from outside and the rules of all recorded cases the answer, why, and the way fit a screen, and no rule is printed twice.</summary>
public sealed class ExplainScreenTests
{
    /// <summary>Destinations of a case that are asked for, spread over its rules.</summary>
    private const int MostDestinations = 4;

    public static TheoryData<string> Cases() => [.. RecordedCases.Cases];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task AnswersFitAScreen(string name)
    {
        string directory = RecordedCases.CaseDirectory(name);
        foreach (string destination in Destinations(directory))
        {
            ExplainRun run = await ExplainRun.WithAsync([
                "-f", Path.Combine(directory, "input"), "--config", Path.Combine(directory, "config.yaml"), "--node", RecordedNode.Read(directory).Name,
                "--from", "outside", "--to", destination, "--mode", "both"]);

            run.ExitCode.Should().Be(0, run.Errors);
            string[][] walks = [.. Walks(run.Output)];
            walks.Should().HaveCount(2, run.Output);
            foreach (string[] walk in walks)
            {
                walk.Length.Should().BeLessThanOrEqualTo(ExplainText.LinesOfScreen, $"{destination}:\n{string.Join('\n', walk)}");
                walk.Where(static line => line.TrimStart().StartsWith("-A ", StringComparison.Ordinal)).Should().OnlyHaveUniqueItems();
            }
        }
    }

    /// <summary>The lines from the answer of each mode to the end of the way.</summary>
    private static IEnumerable<string[]> Walks(string output)
    {
        List<string> walk = [];
        foreach (string line in output.Split('\n'))
        {
            bool begins = line.StartsWith("iptables: ", StringComparison.Ordinal) || line.StartsWith("nftables: ", StringComparison.Ordinal);
            if (begins || walk.Count != 0)
            {
                walk.Add(line);
            }

            if (walk.Count != 0 && line.StartsWith("conntrack", StringComparison.Ordinal))
            {
                yield return [.. walk.SkipLast(2)];
                walk.Clear();
            }
        }
    }

    private static IEnumerable<string> Destinations(string directory)
    {
        string[] rules = [.. Directory.EnumerateFiles(Path.Combine(directory, "iptables"), "*-save.txt").Order(StringComparer.Ordinal)
            .SelectMany(File.ReadLines)
            .Where(static line => line.StartsWith("-A KUBE-SERVICES -d ", StringComparison.Ordinal) || line.StartsWith("-A KUBE-NODEPORTS -p ", StringComparison.Ordinal))
            .Where(static line => line.Contains("--dport ", StringComparison.Ordinal))];
        string node = RecordedNode.Read(directory).Addresses.First(static address => !address.IsLoopback).ToString();
        for (int index = 0; index < rules.Length; index += Math.Max(1, rules.Length / MostDestinations))
        {
            string protocol = rules[index].Split(" -p ")[1].Split(' ')[0];
            string port = rules[index].Split("--dport ")[1].Split(' ')[0];
            string address = rules[index].StartsWith("-A KUBE-SERVICES", StringComparison.Ordinal) ? rules[index].Split(' ')[3].Split('/')[0] : node;
            yield return $"{(IpAddress.Parse(address).IsIPv4 ? address : $"[{address}]")}:{port}/{protocol}";
        }
    }
}
