using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>Answers of <c>explain -o json</c> have the form that docs/explain.schema.json describes.</summary>
public sealed class ExplainSchemaTests
{
    private static readonly JsonSchema s_schema = JsonSchema.FromText(File.ReadAllText(RepositoryRoot.Combine("docs", "explain.schema.json")));

    public static TheoryData<string> Answers() => [.. Directory.GetFiles(Path.Combine(RepositoryRoot.Golden, "explain"), "*.json").Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Answers))]
    public void GoldenAnswersAreValid(string file) => AssertValid(File.ReadAllText(Path.Combine(RepositoryRoot.Golden, "explain", file)));

    public static TheoryData<string> Rules() =>
        [.. Directory.GetFiles(RepositoryRoot.Combine("tests", "Proxy.Tests", "Commands", "Explain", "rules")).Select(path => Path.GetFileName(path))];

    /// <summary>Rules that others wrote: some are not decided, some have no table, interface or address.</summary>
    [Theory]
    [MemberData(nameof(Rules))]
    public async Task AnswersAboutRulesOfOthersAreValid(string file)
    {
        ExplainRun run = await ExplainRun.WithAsync(
            "--rules", RepositoryRoot.Combine("tests", "Proxy.Tests", "Commands", "Explain", "rules", file), "--node-address", "192.0.2.10", "--from", "203.0.113.9", "--to", "192.0.2.77:80", "-o", "json");

        run.ExitCode.Should().Be(0, run.Errors);
        AssertValid(run.Output);
    }

    /// <summary>Recorded objects have one Node; endpoints are on others too.</summary>
    private const string OtherNodes =
        """
        apiVersion: v1
        kind: Node
        metadata: {name: node-b, labels: {topology.kubernetes.io/zone: zone-b}}
        status: {addresses: [{type: InternalIP, address: 192.0.2.11}]}
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: node-c}
        status: {addresses: [{type: InternalIP, address: 192.0.2.12}]}
        """;

    /// <summary>Tables of all nodes, which treat packets alike or not.</summary>
    [Theory]
    [InlineData("internal-local", true)]
    [InlineData("hints-zone", true)]
    [InlineData("clusterip-3-endpoints", false)]
    [InlineData("no-endpoints", false)]
    [InlineData("random-101", null)]
    public async Task TablesOfAllNodesAreValid(string name, bool? differs)
    {
        string directory = RecordedCases.CaseDirectory(name);
        string nodes = Path.GetTempFileName();
        List<bool> found = [];
        try
        {
            await File.WriteAllTextAsync(nodes, OtherNodes);
            foreach (string service in Services(directory))
            {
                ExplainRun run = await ExplainRun.WithAsync(
                    "-f", Path.Combine(directory, "objects.json"), "-f", nodes, "--config", Path.Combine(directory, "config.yaml"), "--mode", "nftables", "--node", "all", "--from", "node", "--to", service, "-o", "json");

                run.ExitCode.Should().Be(0, run.Errors);
                AssertValid(run.Output);
                JsonObject table = JsonNode.Parse(run.Output)!.AsObject();
                found.Add(table["differs"]!.GetValue<bool>());
                table["nodes"]!.AsArray().Count.Should().Be(3);
                table["nodes"]![0]!.AsObject().Remove("zone");
                IsValid(table.ToJsonString()).Should().BeFalse("each node has a zone, or null");
            }
        }
        finally
        {
            File.Delete(nodes);
        }

        found.Should().NotBeEmpty();
        if (differs is { } wanted)
        {
            found.Should().Contain(wanted);
        }
    }

    private static IEnumerable<string> Services(string directory) =>
        ModelLoader.ReadCase(directory, "nftables").IPv4.Services.Keys.Take(3).Select(static name => $"svc:{name}");

    /// <summary>A field that the schema does not know, or that lacks, is not valid: the schema is no empty promise.</summary>
    [Fact]
    public void WhatHasAnotherFormIsNotValid()
    {
        JsonObject answer = JsonNode.Parse(File.ReadAllText(Path.Combine(RepositoryRoot.Golden, "explain", "local.json")))!.AsObject();
        answer["more"] = 1;
        IsValid(answer.ToJsonString()).Should().BeFalse();
        answer.Remove("more");
        IsValid(answer.ToJsonString()).Should().BeTrue();
        answer.Remove("node");
        IsValid(answer.ToJsonString()).Should().BeFalse();
    }

    private static void AssertValid(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        EvaluationResults results = s_schema.Evaluate(document.RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List });
        string[] wrong = [.. (results.Details ?? []).Where(detail => detail.Errors is not null).SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation}: {error.Value}"))];
        results.IsValid.Should().BeTrue(string.Join('\n', wrong));
    }

    private static bool IsValid(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return s_schema.Evaluate(document.RootElement).IsValid;
    }
}
