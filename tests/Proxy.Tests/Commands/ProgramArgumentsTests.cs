using KubeProxySharp.Proxy.Commands;

namespace KubeProxySharp.Proxy.Tests.Commands;

public sealed class ProgramArgumentsTests
{
    [Theory]
    [InlineData("/usr/bin/kube-proxy-sharp", "run --config=x", true, "--config=x")]
    [InlineData("/usr/bin/kube-proxy-sharp", "--config=x", true, "--config=x")]
    [InlineData("/usr/bin/kube-proxy-sharp", "-v=2", true, "-v=2")]
    [InlineData("/usr/bin/kube-proxy-sharp", "--version=raw", true, "--version=raw")]
    [InlineData("/usr/bin/kube-proxy-sharp", "--version", false, "--version")]
    [InlineData("/usr/bin/kube-proxy-sharp", "--help", false, "--help")]
    [InlineData("/usr/bin/kube-proxy-sharp", "", false, "")]
    [InlineData("/usr/bin/kube-proxy-sharp", "dry-run -f x", false, "dry-run -f x")]
    [InlineData("/usr/local/bin/kube-proxy", "", true, "")]
    [InlineData("kube-proxy", "--version", true, "--version")]
    [InlineData("kube-proxy", "--help", true, "--help")]
    [InlineData("kube-proxy", "verify -o json", false, "verify -o json")]
    [InlineData("kube-proxy", "nonsense", true, "nonsense")]
    [InlineData("kube-proxy", "dry-run -f x", false, "dry-run -f x")]
    [InlineData("/usr/local/bin/kubectl-svcpath", "--from node --to svc:shop/web", false, "explain --from node --to svc:shop/web")]
    [InlineData("kubectl-svcpath", "", false, "explain")]
    [InlineData("kubectl-svcpath", "--help", false, "explain --help")]
    [InlineData("kubectl-svcpath", "--version", false, "--version")]
    public void KubeProxysFlagsStandForRun(string calledAs, string line, bool isRun, string rest)
    {
        ProgramArguments arguments = ProgramArguments.From(calledAs, line.Split(' ', StringSplitOptions.RemoveEmptyEntries), ["dry-run", "run", "verify"]);

        arguments.IsRun.Should().Be(isRun);
        string.Join(' ', arguments.Arguments).Should().Be(rest);
    }

    [Fact]
    public void TheNameComesFromTheKernel()
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, "/usr/local/bin/kube-proxy\0--config=x\0"u8.ToArray());

        ProgramArguments.ReadCalledAs(path).Should().Be("/usr/local/bin/kube-proxy");
        File.Delete(path);
    }
}
