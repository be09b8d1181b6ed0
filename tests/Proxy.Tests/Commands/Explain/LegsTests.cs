using System.Text.Json;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Explain;

/// <summary>Connections one after the other (<c>--then</c>): a client to an ingress controller, and its pods to a Service.</summary>
public sealed class LegsTests
{
    private static readonly string[] s_question = ["-f", "tests/golden/explain/legs/cluster.yaml", "--node", "node-a", "--from", "outside", "--to", "203.0.113.80:443"];

    [Fact]
    public async Task TheNextLegStartsFromThePodsOfTheFirstByNode()
    {
        JsonElement answer = await AnswerAsync(0, "--then", "svc:shop/web:http");

        JsonElement[] then = [.. answer.GetProperty("then").EnumerateArray()];
        then.Select(static leg => (leg.GetProperty("node").GetString(), leg.GetProperty("packet").GetProperty("source").GetString(), leg.GetProperty("leg").GetProperty("starts").GetArrayLength()))
            .Should().BeEquivalentTo([("node-a", "10.244.1.2", 1), ("node-b", "10.244.2.2", 2)]);
        then.Single(static leg => leg.GetProperty("node").GetString() == "node-b").GetProperty("leg").GetProperty("share").GetDouble().Should().BeApproximately(2.0 / 3, 0.0001);
        Ends(answer).Should().BeEquivalentTo([("delivered", 2, 0.5), ("delivered", 2, 0.5)]);
    }

    [Fact]
    public async Task TheRulesAreThoseOfThePodsNodes()
    {
        JsonElement answer = await AnswerAsync(0, "--then", "svc:shop/local");

        (string? Outcome, int Leg, double? Share)[] ends = Ends(answer);
        ends.Should().HaveCount(2);
        ends.Single(static end => end.Outcome == "dropped").Share.Should().BeApproximately(1.0 / 3, 0.0001);
        ends.Single(static end => end.Outcome == "delivered").Share.Should().BeApproximately(2.0 / 3, 0.0001);
    }

    [Theory]
    [InlineData("dropped", "svc:shop/local", 2)]
    [InlineData("refused", "svc:shop/local", 0)]
    [InlineData("refused", "svc:shop/empty", 2)]
    [InlineData("unknown", "svc:shop/web", 0)]
    public async Task FailOnIsOfAllLegs(string outcome, string then, int exitCode) => await AnswerAsync(exitCode, "--then", then, "--fail-on", outcome);

    /// <summary>What an endpoint outside of the cluster does next is not known, and nothing of the whole is sure then.</summary>
    [Fact]
    public async Task AnEndpointOnNoNodeMakesTheWholeUncertain()
    {
        JsonElement answer = await AnswerAsync(2, "--then", "svc:shop/abroad", "--then", "svc:shop/web", "--fail-on", "unknown");

        answer.GetProperty("summary").GetProperty("isCertain").GetBoolean().Should().BeFalse();
        answer.GetProperty("summary").GetProperty("text").GetString().Should().StartWith("not decided (leg 2): ").And.Contain("198.51.100.7 is on no node");
        answer.GetProperty("then").EnumerateArray().Should().OnlyContain(static leg => leg.GetProperty("leg").GetProperty("share").ValueKind == JsonValueKind.Null);
        Ends(answer).Should().OnlyContain(static end => end.Share == null);
    }

    [Fact]
    public async Task SharesOfThreeLegsAddUpToOne()
    {
        JsonElement answer = await AnswerAsync(0, "--then", "svc:shop/web", "--then", "svc:shop/local");

        Ends(answer).Sum(static end => end.Share ?? 0).Should().BeApproximately(1, 0.0001);
        answer.GetProperty("then").EnumerateArray().Where(static leg => leg.GetProperty("leg").GetProperty("number").GetInt32() == 3).Sum(static leg => leg.GetProperty("leg").GetProperty("share").GetDouble()).Should().BeApproximately(1, 0.0001);
    }

    /// <summary>A pod that is sent to itself is masqueraded; another pod of its node is not.</summary>
    [Fact]
    public async Task APodThatIsAnEndpointOfTheNextServiceHasALegOfItsOwn()
    {
        JsonElement answer = await AnswerAsync(0, "--then", "svc:ingress/nginx");

        answer.GetProperty("then").EnumerateArray().Select(static leg => leg.GetProperty("packet").GetProperty("source").GetString()).Should().BeEquivalentTo("10.244.1.2", "10.244.2.2", "10.244.2.3");
    }

    /// <summary>What does not come to the first Service starts no leg.</summary>
    [Fact]
    public async Task AFirstLegThatEndsBeforeEndsTheWhole()
    {
        JsonElement answer = await AnswerAsync(0, "--to", "svc:shop/empty", "--then", "svc:shop/web");

        answer.GetProperty("then").GetArrayLength().Should().Be(0);
        Ends(answer).Should().Equal(("refused", 1, 1.0));
    }

    [Fact]
    public async Task TheTextBeginsWithWhereItEndsAndWhatSourceIsSeen()
    {
        ExplainRun run = await ExplainRun.WithAsync([.. s_question, "--then", "svc:shop/web:http"]);

        run.Output.Should().StartWith("outside -> 203.0.113.80:443 -> svc:shop/web:http: delivered to one of 2 endpoints of svc:shop/web:http, 50 % each\n")
            .And.Contain("\n  leg 1: 203.0.113.80:443 sees the source 192.0.2.10 (masqueraded on node-a")
            .And.Contain("\n  leg 2: svc:shop/web:http sees the source 10.244.1.2 (pod ingress/nginx-a) or 10.244.2.2 (pod ingress/nginx-b1) or 10.244.2.3 (pod ingress/nginx-b2)\n")
            .And.Contain("\n1. outside -> 203.0.113.80:443\n")
            .And.Contain("\n2. pod ingress/nginx-a on node-a -> svc:shop/web:http (33.33 %)\n")
            .And.Contain("\n2. pod ingress/nginx-b1 on node-b -> svc:shop/web:http (66.66 %; the same from all 2 pods there)\n");
    }

    [Theory]
    [InlineData("saved rules are those of one node", "--rules", "tests/golden/recorded/cases/field-httpserver/iptables/iptables-save.txt")]
    [InlineData("a picture is of one leg", "-o", "svg")]
    [InlineData("a picture is of one leg", "-o", "dot")]
    [InlineData("one mode", "--mode", "both")]
    [InlineData("name a Service", "--then", "10.96.0.10:80")]
    [InlineData("at most 4", "--then", "svc:a/b", "--then", "svc:a/b", "--then", "svc:a/b", "--then", "svc:a/b")]
    [InlineData("--then svc:shop/nothing: the input has no Service shop/nothing", "--then", "svc:shop/nothing")]
    public async Task WhatCannotBeAnsweredIsRefused(string message, params string[] more)
    {
        ExplainRun run = await ExplainRun.WithAsync([.. s_question, "--then", "svc:shop/web", .. more]);

        run.ExitCode.Should().Be(1);
        run.Errors.Should().StartWith("error: --then").And.Contain(message);
    }

    private static (string? Outcome, int Leg, double? Share)[] Ends(JsonElement answer) =>
    [
        .. answer.GetProperty("summary").GetProperty("ends").EnumerateArray().Select(static end =>
            (end.GetProperty("outcome").GetString(), end.GetProperty("leg").GetInt32(), end.GetProperty("share").ValueKind == JsonValueKind.Null ? (double?)null : end.GetProperty("share").GetDouble())),
    ];

    private static async Task<JsonElement> AnswerAsync(int exitCode, params string[] more)
    {
        // A later --to counts in place of the usual one.
        string[] question = more[0] == "--to" ? s_question[..^2] : s_question;
        ExplainRun run = await ExplainRun.WithAsync([.. question, .. more, "-o", "json"]);
        run.ExitCode.Should().Be(exitCode, run.Errors);
        using JsonDocument document = JsonDocument.Parse(run.Output);
        return document.RootElement.Clone();
    }
}
