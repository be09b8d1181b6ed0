using System.CommandLine;
using KubeProxySharp.Proxy.Commands;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Tests;

public sealed class ProgramTests
{
    [Fact]
    public void VersionNamesTheProgramAndWhoseRulesItMakes()
    {
        Invoke("--version").Should().Be((0, ProgramCommandLine.VersionText + "\n"));
        ProgramCommandLine.VersionText.Should().MatchRegex("^kube-proxy-sharp \\d+\\.\\d+\\.\\d+ \\(rules of kube-proxy 1\\.36\\)$");
    }

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

    private static (int ExitCode, string Output) Invoke(params string[] arguments)
    {
        StringWriter output = new() { NewLine = "\n" };
        InvocationConfiguration configuration = new() { Output = output, Error = TextWriter.Null };
        return (ProgramCommandLine.Create().Parse(arguments).Invoke(configuration), output.ToString());
    }
}
