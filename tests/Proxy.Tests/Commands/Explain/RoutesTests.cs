using System.Text.Json;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Explain;

/// <summary>Rules that ask for the interface that a packet leaves by are decided by routes, and only by those.</summary>
public sealed class RoutesTests : IDisposable
{
    private const string Rules =
        """
        *nat
        :PREROUTING ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A PREROUTING -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.100.81.180:8080
        -A POSTROUTING -o eth0 -j SNAT --to-source 192.0.2.99
        -A POSTROUTING -o flannel.1 -j MASQUERADE
        COMMIT
        *filter
        :FORWARD ACCEPT [0:0]
        -A FORWARD -i flannel.1 -j DROP
        COMMIT

        """;

    private const string Routes = "tests/golden/explain/routes/node-a.json";
    private const string DefaultRoute = """{"dst":"default","gateway":"192.168.0.1","dev":"eth0","flags":[]},""";
    private const string OverlayRoute = """{"dst":"10.100.81.0/24","gateway":"10.100.81.0","dev":"flannel.1","flags":["onlink"]},""";
    private readonly string _rules = Path.GetTempFileName();

    public RoutesTests() => File.WriteAllText(_rules, Rules);

    public void Dispose() => File.Delete(_rules);

    [Theory]
    [InlineData("10.96.0.10:80", "10.100.40.0")]
    [InlineData("203.0.113.9:443", "192.0.2.99")]
    [InlineData("10.100.40.9:443", null)]
    public async Task TheOutgoingInterfaceIsThatOfTheRouteAfterDnat(string destination, string? source)
    {
        JsonElement walk = await WalkAsync("--from", "10.100.40.7", "--to", destination, "--routes", Routes);

        walk.GetProperty("isCertain").GetBoolean().Should().BeTrue(walk.GetRawText());
        walk.GetProperty("ways")[0].GetProperty("masqueradeAddress").GetString().Should().Be(source);
    }

    [Fact]
    public async Task WithoutRoutesItStaysOpenAndNoJourneyIsTold()
    {
        JsonElement walk = await WalkAsync("--from", "10.100.40.7", "--to", "10.96.0.10:80", "--node-address", "192.168.0.2");

        walk.GetProperty("isCertain").GetBoolean().Should().BeFalse();
        walk.GetProperty("ways").EnumerateArray().Should().OnlyContain(way => !HasJourney(way));
    }

    /// <summary>A file that is for no node of the input would silently have no effect.</summary>
    [Theory]
    [InlineData("node-zz", true)]
    [InlineData("node-b", false)]
    public async Task ANodeThatIsNotInTheInputIsWarnedOf(string node, bool isWarned)
    {
        ExplainRun run = await ExplainRun.WithAsync(
            "-f", "tests/golden/recorded/cases/field-httpserver/input", "--node", "node-a", "--from", "203.0.113.9", "--to", "192.168.0.2:30000",
            "--routes", $"{node}={RepositoryRoot.Combine([.. Routes.Split('/')])}");

        run.ExitCode.Should().Be(0, run.Errors);
        run.Errors.Contains($"warning: --routes {node}=FILE", StringComparison.Ordinal).Should().Be(isWarned);
    }

    /// <summary>A node without a route to the endpoint does not deliver, whatever the rules do.</summary>
    [Fact]
    public async Task APacketWithoutARouteIsNotDrawnAsDelivered()
    {
        string picture = await DrawAsync("10.100.40.7", DefaultRoute, OverlayRoute);

        picture.Should().Contain("likely not delivered to 10.100.81.180:8080").And.NotContain("sees ").And.NotContain("the reply comes from");
    }

    [Fact]
    public async Task AnAnswerWithoutARouteIsDrawnBehindWhereThePacketArrives()
    {
        string picture = await DrawAsync("203.0.113.9", DefaultRoute);

        int endpoint = picture.IndexOf("sees ", StringComparison.Ordinal);
        endpoint.Should().BePositive(picture);
        picture.LastIndexOf("no route to 203.0.113.9", StringComparison.Ordinal).Should().BeGreaterThan(endpoint, picture);
        picture.Should().NotContain("not delivered");
    }

    private async Task<string> DrawAsync(string source, params string[] missing)
    {
        string routes = await File.ReadAllTextAsync(RepositoryRoot.Combine([.. Routes.Split('/')]));
        foreach (string route in missing)
        {
            routes.Should().Contain(route);
            routes = routes.Replace(route, "", StringComparison.Ordinal);
        }

        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, routes);
            ExplainRun run = await ExplainRun.WithAsync("--rules", _rules, "--from", source, "--to", "10.96.0.10:80", "--interface", "eth0", "--routes", file, "-o", "dot");
            run.ExitCode.Should().Be(0, run.Errors);
            return run.Output;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static bool HasJourney(JsonElement way) => way.TryGetProperty("journey", out _);

    private async Task<JsonElement> WalkAsync(params string[] arguments)
    {
        ExplainRun run = await ExplainRun.WithAsync(["--rules", _rules, "-o", "json", .. arguments]);
        run.ExitCode.Should().Be(0, run.Errors);
        using JsonDocument document = JsonDocument.Parse(run.Output);
        return document.RootElement.GetProperty("walks")[0].Clone();
    }
}
