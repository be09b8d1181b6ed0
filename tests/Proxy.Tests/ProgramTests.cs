using System.CommandLine;
using KubeProxySharp.Proxy.Commands;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Tests;

public sealed class ProgramTests
{
    [Fact]
    public void VersionNamesTheProgramAndWhoseRulesItMakes()
    {
        Invoke("--version").Should().Be((0, ProgramCommandLine.VersionText + "\n"));
        ProgramCommandLine.VersionText.Should().MatchRegex("^kube-proxy-sharp \\d+\\.\\d+\\.\\d+ \\(rules of kube-proxy 1\\.36\\)(, commit [0-9a-f]{12})?, \\.NET 10\\.\\d+\\.\\d+$");
    }

    [Theory]
    [InlineData("1a2b3c4d5e6f708192a3b4c5d6e7f80912345678", "kube-proxy-sharp 0.1.0 (rules of kube-proxy 1.36), commit 1a2b3c4d5e6f, .NET 10.0.12")]
    [InlineData("1a2b3c4", "kube-proxy-sharp 0.1.0 (rules of kube-proxy 1.36), commit 1a2b3c4, .NET 10.0.12")]
    [InlineData("", "kube-proxy-sharp 0.1.0 (rules of kube-proxy 1.36), .NET 10.0.12")]
    public void VersionNamesTheCommitWhereItIsKnown(string commit, string text) =>
        ProgramCommandLine.FormatVersion("0.1.0", commit, ".NET 10.0.12").Should().Be(text);

    [Fact]
    public void HelpHasExamplesAndExitCodes()
    {
        (int exitCode, string output) = Invoke("dry-run", "--help");

        exitCode.Should().Be(0);
        output.Should().Contain("Examples:").And.Contain("Exit codes:").And.Contain("--node-address");
    }

    [Theory]
    [InlineData("dry-run")]
    [InlineData("dry-run", "-f", "x", "--family", "ipx")]
    [InlineData("dry-run", "-f", "x", "--mode", "userspace")]
    [InlineData("dry-run", "-f", "x", "--node-address", "10.0.0")]
    [InlineData("dry-run", "-f", "x", "--node-address", "10.0.0.1/33")]
    [InlineData("fly")]
    public void WrongFlagsAreRefusedWithExitCode1(params string[] arguments)
    {
        Invoke(arguments).ExitCode.Should().Be(ExitCode.Failure);
    }

    [Theory]
    [InlineData("kube-proxy-sharp", "'kube-proxy-sharp explain --help'", "explain")]
    [InlineData("kubectl-svcpath", "'kubectl svcpath --help'")]
    public async Task WrongFlagsAreNamedWithoutThePageOfHelp(string calledAs, string help, params string[] command)
    {
        StringWriter output = new() { NewLine = "\n" };
        StringWriter error = new() { NewLine = "\n" };
        ProgramArguments called = ProgramArguments.From(calledAs, [.. command, "--from", "outside", "--to", "10.96.0.1:443", "--in-interface", "eth0"], ["explain"]);

        int exitCode = await UsageError.InvokeAsync(ProgramCommandLine.Create().Parse(called.Arguments), called.CallOf, new() { Output = output, Error = error });

        exitCode.Should().Be(ExitCode.Failure);
        output.ToString().Should().BeEmpty("standard output is for results");
        error.ToString().Should().Contain("--in-interface").And.Contain("\n--interface\n", "the nearest flag is proposed")
            .And.Contain(help).And.NotContain("Examples:");
    }

    private static (int ExitCode, string Output) Invoke(params string[] arguments)
    {
        StringWriter output = new() { NewLine = "\n" };
        InvocationConfiguration configuration = new() { Output = output, Error = TextWriter.Null };
        return (ProgramCommandLine.Create().Parse(arguments).Invoke(configuration), output.ToString());
    }
}
