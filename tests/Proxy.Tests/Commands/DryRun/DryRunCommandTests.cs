using System.Text;
using KubeProxySharp.Proxy.Commands.DryRun;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.DryRun;

public sealed class DryRunCommandTests : IDisposable
{
    private const string Service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  clusterIP: 10.96.0.10\n  ports:\n  - port: 80\n";
    private const string TwoNodes = "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: b}\n";

    private readonly string _directory = Directory.CreateTempSubdirectory("kps-dry-run-").FullName;
    private readonly MemoryStream _output = new();
    private readonly StringWriter _errors = new() { NewLine = "\n" };
    private bool _isOutputOpened;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void EmptyInputPrintsTheEmptyRuleSet()
    {
        Run("").Should().Be(ExitCode.Success);

        Output.Should().Contain("*nat\n").And.Contain(":KUBE-SERVICES - [0:0]\n").And.NotContain("KUBE-SVC");
        SaveDump.Parse(Output).CanonicalLines().Should().NotBeEmpty();
    }

    [Fact]
    public void AllFamiliesArePrintedWithALineThatNamesEach()
    {
        Run(Service, families: [IpFamily.IPv4, IpFamily.IPv6]);

        string[] parts = Output.Split("# IPv6: iptables rules\n");
        parts.Should().HaveCount(2);
        parts[0].Should().StartWith("# IPv4: iptables rules\n*mangle\n").And.Contain("10.96.0.10");
        parts[1].Should().StartWith("*mangle\n").And.NotContain("10.96.0.10");
    }

    /// <summary>Whatever is broken: exit code 1, an error with place and reason, and not a byte of rules.</summary>
    [Theory]
    [InlineData("kind: Service\n  bad: [", ":2: error: is not YAML")]
    [InlineData("{\"kind\":", ":1: error: is not JSON")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: 5}", ":3: error: Service: metadata.name is a number")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: 10.96.0.1, ports: [{port: 0}]}", ":4: error: Service default/a: spec.ports[0].port 0 is not between 1 and 65535")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: 10.96.0.1, ports: [{port: 70000}]}", ":4: error: Service default/a: spec.ports[0].port 70000")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: 10.96.0.1, ports: [{port: 1, protocol: QUIC}]}", ":4: error: Service default/a: spec.ports[0].protocol \"QUIC\"")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: here, ports: [{port: 1}]}", ":4: error: Service default/a: spec.clusterIP \"here\" is not an IP address")]
    [InlineData("apiVersion: v1\nkind: Node\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: a, labels: {topology.kubernetes.io/zone: z}}", ":5: error: Node a: is also defined at")]
    public void BrokenInputPrintsNothing(string text, string reason)
    {
        Run(text).Should().Be(ExitCode.Failure);

        _errors.ToString().Should().Contain(reason).And.Contain("no rules are printed");
        _isOutputOpened.Should().BeFalse();
    }

    /// <summary>The messages by name, attribute and value, for people who look at the wire.</summary>
    [Fact]
    public void NetlinkMessagesOfNftablesRulesArePrinted()
    {
        Run(Service, options => options with { Mode = "nftables", IsBatch = true }).Should().Be(ExitCode.Success);

        Output.Should().StartWith("NFNL_MSG_BATCH_BEGIN seq 1\n")
            .And.Contain("NFTA_CHAIN_NAME \"cluster-ips-check\"\n")
            .And.Contain("NFTA_SET_ELEM_LIST_SET \"no-endpoint-services\"\n")
            .And.Contain("\"shop/web\"")
            .And.MatchRegex("NFNL_MSG_BATCH_END seq [0-9]+\n$");
    }

    [Fact]
    public void IptablesRulesHaveNoNetlinkMessages()
    {
        Run(Service, options => options with { IsBatch = true }).Should().Be(ExitCode.Failure);

        _errors.ToString().Should().Contain("--format batch needs --mode nftables");
        _isOutputOpened.Should().BeFalse();
    }

    [Fact]
    public void GarbageInACidrIsAWarning()
    {
        Run(Service + "  type: LoadBalancer\n  loadBalancerSourceRanges: [10.0.0/8]\n").Should().Be(ExitCode.Success);

        _errors.ToString().Should().Contain(":9: warning: Service shop/web: spec.loadBalancerSourceRanges[0] \"10.0.0/8\" is not a CIDR; ignored");
    }

    [Fact]
    public void TheOnlyNodeIsTaken()
    {
        Run("apiVersion: v1\nkind: Node\nmetadata: {name: a}\n").Should().Be(ExitCode.Success);

        _errors.ToString().Should().BeEmpty();
    }

    [Fact]
    public void OfSeveralNodesOneMustBeChosen()
    {
        Run(TwoNodes).Should().Be(ExitCode.Failure);
        _errors.ToString().Should().Contain("choose one with --node: a, b");

        Run(TwoNodes, options => options with { NodeName = " A " }).Should().Be(ExitCode.Success);
    }

    [Fact]
    public void HostnameOverrideChoosesTheNodeToo()
    {
        string config = Write("config.yaml", "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nhostnameOverride: b\n");

        Run(TwoNodes, options => options with { ConfigPath = config }).Should().Be(ExitCode.Success);
    }

    [Fact]
    public void AMissingNodeIsAWarning()
    {
        Run(Service, options => options with { NodeName = "gone" }).Should().Be(ExitCode.Success);

        _errors.ToString().Should().Contain("warning: the input has no Node gone");
    }

    [Fact]
    public void UnknownConfigurationFieldsAreWarningsUnlessStrict()
    {
        string config = Write("config.yaml", "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmods: x\n");

        Run(Service, options => options with { ConfigPath = config }).Should().Be(ExitCode.Success);
        _errors.ToString().Should().Contain("warning: line 3: mods is not a field of KubeProxyConfiguration; ignored");

        Run(Service, options => options with { ConfigPath = config, IsStrict = true }).Should().Be(ExitCode.Failure);
    }

    [Theory]
    [InlineData("mode: userspace", "failed validate: KubeProxyConfiguration.Mode.ProxyMode")]
    [InlineData("mode: [", "failed complete: failed to decode")]
    [InlineData("mode: ipvs", "mode ipvs has no dry run")]
    public void ABadConfigurationStopsTheRun(string text, string reason)
    {
        string config = Write("config.yaml", "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n" + text);

        Run(Service, options => options with { ConfigPath = config }).Should().Be(ExitCode.Failure);

        _errors.ToString().Should().Contain(reason);
        _isOutputOpened.Should().BeFalse();
    }

    [Fact]
    public void StandardInputIsRead()
    {
        RunPaths(["-"], Service).Should().Be(ExitCode.Success);

        Output.Should().Contain("10.96.0.10");
    }

    [Fact]
    public void DirectoriesAreReadAndWithRecursionWhatIsBelowThem()
    {
        Write("a.yaml", Service);
        Directory.CreateDirectory(Path.Combine(_directory, "below"));
        Write("below/b.yml", Service.Replace("10.96.0.10", "10.96.0.11").Replace("web", "below"));
        Write("notes.txt", "not a manifest: [");

        RunPaths([_directory], "").Should().Be(ExitCode.Success);
        Output.Should().Contain("10.96.0.10").And.NotContain("10.96.0.11");

        RunPaths([_directory], "", options => options with { IsRecursive = true }).Should().Be(ExitCode.Success);
        Output.Should().Contain("10.96.0.11");
    }

    [Theory]
    [InlineData("missing.yaml", "no such file or directory")]
    [InlineData(".", "holds no .yaml, .yml or .json file")]
    public void MissingFilesAreNamed(string path, string reason)
    {
        RunPaths([Path.Combine(_directory, path)], "").Should().Be(ExitCode.Failure);

        _errors.ToString().Should().Contain(path).And.Contain(reason);
    }

    [Fact]
    public void AnOutputFileIsReplacedWhole()
    {
        string path = Write("rules.txt", "old");

        Run(Service, options => options with { OutputPath = path }).Should().Be(ExitCode.Success);

        File.ReadAllText(path).Should().StartWith("*mangle").And.Contain("10.96.0.10");
        _isOutputOpened.Should().BeFalse();
        Directory.GetFiles(_directory).Should().NotContain(file => file.EndsWith(".tmp"));
    }

    [Fact]
    public void AnOutputFileStaysWhenInputIsBroken()
    {
        string path = Write("rules.txt", "old");

        Run("kind: [", options => options with { OutputPath = path }).Should().Be(ExitCode.Failure);

        File.ReadAllText(path).Should().Be("old");
    }

    /// <summary>A file of over a hundred megabytes with objects of every size is read in bounded memory.</summary>
    [Fact]
    public void AHundredMegabyteFileIsRead()
    {
        string path = Path.Combine(_directory, "large.json");
        using (StreamWriter writer = new(path))
        {
            string padding = new('x', 100_000);
            writer.Write("""{"apiVersion":"v1","kind":"List","items":[""");
            for (int number = 0; number < 1100; number++)
            {
                writer.Write(number == 0 ? "" : ",\n");
                writer.Write($$$"""{"apiVersion":"v1","kind":"Service","metadata":{"name":"s{{{number}}}","annotations":{"a":"{{{padding}}}"}},"spec":{"clusterIP":"10.96.{{{number / 256}}}.{{{number % 256}}}","ports":[{"port":80}]}}""");
            }

            writer.Write("]}");
        }

        new FileInfo(path).Length.Should().BeGreaterThan(100_000_000);
        RunPaths([path], "").Should().Be(ExitCode.Success);

        Output.Split('\n').Count(line => line.Contains("has no endpoints")).Should().Be(1100);
    }

    private string Output => Encoding.UTF8.GetString(_output.ToArray());

    private int Run(string text, Func<DryRunOptions, DryRunOptions>? change = null, IReadOnlyList<IpFamily>? families = null) =>
        RunPaths([Write("in.yaml", text)], "", options => (change?.Invoke(options) ?? options) with { Families = families ?? options.Families });

    private int RunPaths(IReadOnlyList<string> paths, string input, Func<DryRunOptions, DryRunOptions>? change = null)
    {
        _output.SetLength(0);
        _errors.GetStringBuilder().Clear();
        _isOutputOpened = false;
        DryRunOptions options = new() { Paths = paths, Families = [IpFamily.IPv4] };
        DryRunCommand command = new(
            () => new MemoryStream(Encoding.UTF8.GetBytes(input)),
            () =>
            {
                _isOutputOpened = true;
                return new NonClosingStream(_output);
            },
            _errors);
        return command.Run(change?.Invoke(options) ?? options);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Passes writes on and stays readable after it was closed.</summary>
    private sealed class NonClosingStream(MemoryStream kept) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => kept.Write(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => kept.Write(buffer);
    }
}
