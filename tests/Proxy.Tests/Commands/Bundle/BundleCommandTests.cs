using System.Text;
using KubeProxySharp.Proxy.Commands.Bundle;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Commands.Verify;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Bundle;

/// <summary>The command, with the tools and files of this machine, whatever they are.</summary>
public sealed class BundleCommandTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();
    private readonly StringWriter _errors = new() { NewLine = "\n" };
    private readonly MemoryStream _output = new();

    private string Target => Path.Combine(_directory.FullName, "a.tar.gz");

    /// <summary>An address where no agent answers.</summary>
    private static string NoAgent => "127.0.0.1:1";

    [Fact]
    public async Task WithoutAnAgentTheRestIsCollectedAndWhatIsMissingIsNamed()
    {
        (await RunAsync("-o", Target, "-f", Case("objects.json"), "--config", Case("config.yaml"), "--node", "node-a", "--mode", "nftables", "--metrics-address", NoAgent)).Should().Be(0, _errors.ToString());

        BundleContents bundle = Read(Target);
        (bundle.Manifest.Node, bundle.Manifest.Mode, bundle.Manifest.IsAnonymized).Should().Be(("node-a", "nftables", false));
        bundle.Files.Keys.Should().Contain([BundlePart.Objects, BundlePart.Configuration]);
        bundle.Manifest.Missing.Should().Contain(missing => missing.File == "status.json" && missing.Reason.Contains("no agent answers at http://127.0.0.1:1/status", StringComparison.Ordinal));
        bundle.Manifest.Collected.Select(part => part.File).Should().BeEquivalentTo(bundle.Files.Keys.Select(part => part.Name));
        bundle.Manifest.Versions.Keys.Should().Contain("kube-proxy-sharp").And.Contain("kernel");
        new FileInfo(Target).UnixFileMode.Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Output.Should().Contain("objects.json").And.Contain("Not inside:\n").And.Contain("before you share them");
    }

    [Fact]
    public async Task AnExistingFileIsOverwrittenOnlyByForce()
    {
        await File.WriteAllTextAsync(Target, "mine");
        string[] arguments = ["-o", Target, "-f", Case("objects.json"), "--node", "node-a", "--metrics-address", NoAgent];

        (await RunAsync(arguments)).Should().Be(1);
        _errors.ToString().Should().Contain($"{Target}: exists; give another name, or --force");
        (await File.ReadAllTextAsync(Target)).Should().Be("mine");
        (await RunAsync([.. arguments, "--force"])).Should().Be(0);
        Read(Target).Manifest.Node.Should().Be("node-a");
        _directory.GetFiles().Should().ContainSingle("no temporary file is left");
    }

    [Fact]
    public async Task ThePipeOfALogIsRefusedAndALinkIsFollowed()
    {
        using System.IO.Pipes.AnonymousPipeServerStream pipe = new(System.IO.Pipes.PipeDirection.Out);
        string link = Path.Combine(_directory.FullName, "link");
        await File.WriteAllTextAsync(Target, "old");
        File.CreateSymbolicLink(link, Target);

        (await RunAsync("-o", link, "--force", "-f", Case("objects.json"), "--node", "node-a", "--metrics-address", NoAgent, "--log", $"/proc/self/fd/{pipe.GetClientHandleAsString()}")).Should().Be(0, _errors.ToString());

        new FileInfo(link).LinkTarget.Should().Be(Target);
        Read(Target).Manifest.Missing.Should().Contain(static missing => missing.File == "log.txt" && missing.Reason.Contains("is a pipe; save it to a file first", StringComparison.Ordinal));
    }

    [Fact]
    public async Task StandardOutputTakesTheArchiveAlone()
    {
        (await RunAsync("-o", "-", "-f", Case("objects.json"), "--node", "node-a", "--metrics-address", NoAgent)).Should().Be(0);

        using MemoryStream archive = new(_output.ToArray());
        BundleArchive.Read("-", archive, []).Files.Keys.Should().Contain(BundlePart.Objects);
        _errors.ToString().Should().Contain("objects.json");
    }

    [Fact]
    public async Task NoSecretIsCollected()
    {
        const string Token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9";
        string kubeconfig = Path.Combine(_directory.FullName, "secret-kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, $"apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\nclusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:1'}}}}]\nusers: [{{name: u, user: {{token: {Token}}}}}]\n");
        string config = Path.Combine(_directory.FullName, "config.yaml");
        await File.WriteAllTextAsync(config, $"apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclientConnection: {{kubeconfig: {kubeconfig}}}\n");

        (await RunAsync("-o", Target, "--config", config, "--node", "node-a", "--metrics-address", NoAgent)).Should().Be(0, _errors.ToString());

        BundleContents bundle = Read(Target);
        bundle.Files.Should().NotContainKey(BundlePart.Objects);
        bundle.Manifest.Missing.Should().Contain(static missing => missing.File == "objects.json" && missing.Reason.Contains("http://127.0.0.1:1", StringComparison.Ordinal));
        bundle.Files.Values.Append(bundle.Manifest.ToJson()).Select(Encoding.UTF8.GetString).Should().AllSatisfy(static text => text.Should().NotContain(Token));
        Encoding.UTF8.GetString(bundle[BundlePart.Configuration]!).Should().NotContain("secret-kubeconfig");
    }

    [Fact]
    public async Task ASavedBundleIsAnonymized()
    {
        string saved = Save(RecordedBundle.Of("external-ips", ProxyMode.Iptables));

        (await RunAsync("--bundle", saved, "--anonymize", "-o", Target)).Should().Be(0, _errors.ToString());

        BundleContents bundle = Read(Target);
        bundle.Manifest.IsAnonymized.Should().BeTrue();
        bundle.Manifest.Node.Should().StartWith("node-").And.NotBe("node-a");
        bundle.Files.Keys.Should().Contain(BundlePart.IptablesNft).And.NotContain(BundlePart.Log);
        Output.Should().Contain("anonymized").And.Contain("log.txt: left out, since it is free text");
    }

    [Theory]
    [InlineData("--bundle a.tar.gz -o b.tar.gz", "--bundle needs --anonymize")]
    [InlineData("--bundle a.tar.gz --anonymize -o b.tar.gz --node x", "give either --bundle or --node")]
    [InlineData("-o b.tar.gz --metrics-address localhost", "is not an IP address and a port")]
    [InlineData("--anonymize", "Option '--output' is required")]
    public void WrongFlagsAreRefused(string arguments, string expected) =>
        BundleCommandLine.Create().Parse(arguments).Errors.Select(static error => error.Message).Should().Contain(message => message.Contains(expected, StringComparison.Ordinal));

    [Fact]
    public async Task TheRulesOfABundleAreComparedWithItsObjects()
    {
        string saved = Save(RecordedBundle.Of("external-ips", ProxyMode.Nftables));

        ExplainRun answer = await ExplainRun.WithAsync("--bundle", saved, "--from", "outside", "--to", "svc:default/ext:pg");
        ExplainRun everywhere = await ExplainRun.WithAsync("--bundle", saved, "--node", "all", "--from", "outside", "--to", "svc:default/ext:pg");
        ExplainRun missing = await ExplainRun.WithAsync("--bundle", Save(new(new() { Node = "node-a", Missing = [new("rules/nft.json", "nft is not installed")] }, new Dictionary<BundlePart, byte[]>())), "--from", "outside", "--to", "10.0.0.1:80");

        answer.ExitCode.Should().Be(0, answer.Errors);
        answer.Output.Should().Contain("default/ext:pg");
        everywhere.ExitCode.Should().Be(0, everywhere.Errors);
        everywhere.Output.Should().Contain("NODE").And.Contain("node-a");
        missing.ExitCode.Should().Be(1);
        missing.Errors.Should().Contain("has no rules (nft is not installed)");
    }

    /// <summary>A bundle of a node without the program ipset can be completed by hand.</summary>
    [Fact]
    public async Task SetsCompleteTheRulesOfABundle()
    {
        string saved = Save(RecordedBundle.Of("external-ips", ProxyMode.Nftables));
        string sets = Path.Combine(_directory.FullName, "sets.txt");
        await File.WriteAllTextAsync(sets, "create block hash:ip family inet\nadd block 203.0.113.9\n");

        ExplainRun answer = await ExplainRun.WithAsync("--bundle", saved, "--ipset", sets, "--from", "outside", "--to", "svc:default/ext:pg");
        ExplainRun everywhere = await ExplainRun.WithAsync("--bundle", saved, "--ipset", sets, "--node", "all", "--from", "outside", "--to", "svc:default/ext:pg");

        answer.ExitCode.Should().Be(0, answer.Errors);
        everywhere.ExitCode.Should().Be(1);
        everywhere.Errors.Should().Contain("belong to the rules of the bundle");
    }

    [Fact]
    public void VerifyTakesTheIpsetsOfTheRules()
    {
        BundleContents recorded = RecordedBundle.Of("external-ips", ProxyMode.Iptables);
        Dictionary<BundlePart, byte[]> files = new(recorded.Files) { [BundlePart.Ipset] = "create a hash:ip family inet\n"u8.ToArray() };
        CommandStreams streams = new(static () => Stream.Null, static () => Stream.Null, _errors, IsOutputOnTerminal: false, AreErrorsOnTerminal: false);
        using UnpackedBundle bundle = UnpackedBundle.Open(Save(new(recorded.Manifest, files)), streams);
        VerifyOptions live = new() { Families = [IpFamily.IPv4] };

        live.With(bundle).IpsetPath.Should().Be(bundle.PathOf(BundlePart.Ipset)).And.NotBeNull();
        (live with { ConntrackPath = "flows.txt" }).With(bundle).IpsetPath.Should().BeNull("saved flows need no sets");
    }

    public void Dispose()
    {
        _directory.Delete(recursive: true);
        _errors.Dispose();
        _output.Dispose();
    }

    private string Output => Encoding.UTF8.GetString(_output.ToArray());

    private static string Case(string file) => Path.Combine(RecordedCases.CaseDirectory("external-ips"), file);

    private Task<int> RunAsync(params string[] arguments)
    {
        CommandStreams streams = new(static () => Stream.Null, () => new KeptStream(_output), _errors, IsOutputOnTerminal: false, AreErrorsOnTerminal: false);
        return BundleCommandLine.Create(streams).Parse(arguments).InvokeAsync();
    }

    private string Save(BundleContents bundle)
    {
        string path = Path.Combine(_directory.FullName, Path.GetRandomFileName());
        using FileStream file = File.Create(path);
        BundleArchive.Write(bundle, file);
        return path;
    }

    private static BundleContents Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        return BundleArchive.Read(path, file, []);
    }

    /// <summary>Standard output, which a command closes and a test reads.</summary>
    private sealed class KeptStream(MemoryStream output) : MemoryStream
    {
        protected override void Dispose(bool disposing)
        {
            output.Write(ToArray());
            base.Dispose(disposing);
        }
    }
}
