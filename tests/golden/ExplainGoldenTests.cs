using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>
/// Answers of <c>explain</c> in every form, as files in explain/. <c>./test.sh --update-golden</c> rewrites them.
/// </summary>
[Trait("Category", "OwnGolden")]
public sealed class ExplainGoldenTests
{
    private static readonly (string Name, string Case, string From, string To, string Mode, string[] More)[] s_answers =
    [
        ("spread", "field-echoheaders", "10.0.0.9", "10.100.92.97:80", "both", []),
        ("masqueraded", "field-ingress-nginx-cluster", "outside", "10.33.151.160:443", "iptables", []),
        ("dropped", "external-local-no-local", "outside", "", "both", []),
        ("local", "field-ingress-nginx-local", "203.0.113.9", "10.33.151.160:443", "nftables", []),
        ("overlay", "field-httpserver", "outside", "192.168.0.2:30000", "iptables", ["--routes", "tests/golden/explain/routes/node-a.json", "--routes", "node-b=tests/golden/explain/routes/node-b.json"]),
        ("asymmetric", "field-httpserver", "203.0.113.77", "10.33.144.10:30000", "iptables", ["--routes", "node-a=tests/golden/explain/routes/node-a-two-uplinks.json"]),
    ];

    public static TheoryData<string, string> Answers()
    {
        TheoryData<string, string> answers = [];
        foreach ((string name, _, _, _, _, _) in s_answers)
        {
            foreach (string form in (string[])["text", "json", "dot", "svg", "html"])
            {
                answers.Add(name, form);
            }
        }

        return answers;
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task TheAnswerIsAsWrittenDown(string name, string form)
    {
        (_, string recorded, string from, string to, string mode, string[] more) = Array.Find(s_answers, answer => answer.Name == name);
        string directory = RecordedCases.CaseDirectory(recorded);
        string destination = to.Length != 0 ? to : FirstNodePort(directory);

        string[] routes = [.. more.Select(argument => argument.Replace("=tests/", $"={RepositoryRoot.Combine("tests")}/", StringComparison.Ordinal))];
        ExplainRun run = await ExplainRun.WithAsync([
            "-f", Path.Combine(directory, "input"), "--config", Path.Combine(directory, "config.yaml"), "--node", RecordedNode.Read(directory).Name,
            "--from", from, "--to", destination, "--mode", mode, "-o", form, .. routes]);

        run.ExitCode.Should().Be(0, run.Errors);
        await AssertWrittenAsync(name, form, run.Output);
    }

    /// <summary>Two legs have no picture of their own.</summary>
    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    [InlineData("html")]
    public async Task TheAnswerOfTwoLegsIsAsWrittenDown(string form)
    {
        ExplainRun run = await ExplainRun.WithAsync(
            "-f", "tests/golden/explain/legs/cluster.yaml", "--node", "node-a", "--from", "outside", "--to", "203.0.113.80:443", "--then", "svc:shop/web:http", "--then", "svc:shop/local", "-o", form);

        run.ExitCode.Should().Be(0, run.Errors);
        await AssertWrittenAsync("legs", form, run.Output);
    }

    private static async Task AssertWrittenAsync(string name, string form, string output)
    {
        string path = Path.Combine(RepositoryRoot.Golden, "explain", $"{name}.{(form == "text" ? "txt" : form)}");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(path, output);
            return;
        }

        string expected = await File.ReadAllTextAsync(path);
        (output == expected).Should().BeTrue($"{name} changed; ./test.sh --update-golden rewrites it\n{TextDiff.Describe(expected.Split('\n'), output.Split('\n'))}");
    }

    private static string FirstNodePort(string directory)
    {
        string line = File.ReadLines(Path.Combine(directory, "iptables", "iptables-save.txt")).First(candidate => candidate.StartsWith("-A KUBE-EXTERNAL-SERVICES", StringComparison.Ordinal) && candidate.Contains("--dst-type LOCAL", StringComparison.Ordinal));
        return $"{RecordedNode.Read(directory).Addresses.First(address => address.IsIPv4 && !address.IsLoopback)}:{line.Split("--dport ")[1].Split(' ')[0]}";
    }
}
