using System.CommandLine;
using KubeProxySharp.Proxy.Commands;
using KubeProxySharp.Proxy.Commands.Completion;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Completion;

public sealed class CompletionTests
{
    private static readonly IReadOnlyList<CommandPage> s_commands = CommandPage.Of(ProgramCommandLine.Create(), ProgramArguments.RunCommandName);

    public static TheoryData<string> Shells => ["bash", "zsh", "fish"];

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task EveryCommandAndOptionIsInTheScript(string shell)
    {
        string script = await PrintAsync("completion", shell);

        foreach (CommandPage command in s_commands)
        {
            script.Should().Contain(command.Name);
            foreach (string name in command.Options.SelectMany(option => option.Names).Where(name => name.StartsWith("--", StringComparison.Ordinal)))
            {
                script.Should().Contain(shell == "fish" ? $"-l {name[2..]}" : name);
            }
        }
    }

    /// <summary>The words of a command line, the last one unfinished, and what bash offers for it.</summary>
    [Theory]
    [InlineData("ver", "verify")]
    [InlineData("", "dry-run verify plan compare explain status bundle replay run completion man --help --version")]
    [InlineData("verify --mo", "--mode")]
    [InlineData("verify --mode ", "iptables nftables")]
    [InlineData("verify --mode = nf", "nftables")]
    [InlineData("verify -o j", "json")]
    [InlineData("verify --node ", "")]
    [InlineData("run --nftables-writer ", "netlink nft")]
    [InlineData("run --nftables-writer =", "netlink nft")]
    [InlineData("completion z", "zsh")]
    public async Task BashCompletes(string words, string offered)
    {
        string script = await PrintAsync("completion", "bash");
        string[] line = ["kube-proxy-sharp", .. words.Split(' ')];
        string quoted = string.Join(' ', line.Select(word => $"'{word}'"));

        string reply = ChildProcess.Run("bash", $"set -u\n{script}\nCOMP_WORDS=({quoted}) COMP_CWORD={line.Length - 1}\n_kube_proxy_sharp\necho \"${{COMPREPLY[*]}}\"\n");

        reply.TrimEnd().Should().Be(offered);
    }

    [Fact]
    public async Task BashCompletesFiles()
    {
        string script = await PrintAsync("completion", "bash");
        DirectoryInfo directory = Directory.CreateTempSubdirectory("kube-proxy-sharp-test-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "some rules.txt"), "");
            foreach (string words in (string[])["verify --rules", "compare"])
            {
                string reply = ChildProcess.Run(
                    "bash",
                    $"{script}\nCOMP_WORDS=(kube-proxy-sharp {words} '{directory.FullName}/so') COMP_CWORD={words.Split(' ').Length + 1}\n_kube_proxy_sharp\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n");

                reply.TrimEnd().Should().Be($"{directory.FullName}/some rules.txt", words);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>Where groff is installed, it formats the page without a warning, and nothing of the help is lost.</summary>
    [SkippableFact]
    public async Task TheManualPageIsFormatted()
    {
        Skip.IfNot(File.Exists("/usr/bin/groff"), "groff is not installed");
        string page = await PrintAsync("man");

        ChildProcess.Result formatted = ChildProcess.Try("groff", page, "-man", "-ww", "-Tutf8", "-P-c", "-P-b", "-P-o", "-P-u", "-rLL=200n");

        (formatted.ExitCode, formatted.Error).Should().Be((0, ""));
        string text = formatted.Output;
        foreach (CommandPage command in s_commands)
        {
            text.Should().Contain(command.Name);
            command.Options.Select(option => option.Names[0]).Should().AllSatisfy(name => text.Should().Contain(name));
        }
    }

    [Fact]
    public async Task TheManualPageHasEveryOption()
    {
        string page = (await PrintAsync("man")).Replace("\\-", "-", StringComparison.Ordinal);

        page.Should().StartWith(".TH ").And.Contain(".SH NAME").And.Contain(".SH SYNOPSIS").And.Contain("Exit codes:");
        s_commands.SelectMany(command => command.Options).Should().AllSatisfy(option => page.Should().Contain(option.Names[0]));
    }

    private static async Task<string> PrintAsync(params string[] arguments)
    {
        StringWriter output = new();
        int exitCode = await ProgramCommandLine.Create().Parse(arguments).InvokeAsync(new InvocationConfiguration { Output = output });
        exitCode.Should().Be(0);
        return output.ToString();
    }
}
