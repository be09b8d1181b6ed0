using System.Text;
using KubeProxySharp.Proxy.Commands.Run;
using KubeProxySharp.Proxy.Configuration.Run;

namespace KubeProxySharp.Proxy.Tests.Commands.Run;

/// <summary>Spec 11.6 to 11.8: order, exit codes and texts.</summary>
public sealed class RunCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("run-command-").FullName;
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _errors = new() { NewLine = "\n" };
    private readonly MemoryStream _log = new();
    private readonly List<string> _calls = [];

    private RunAgent _agent;
    private CleanUpRules _cleanUp;

    public RunCommandTests()
    {
        _agent = (options, _, _) => Called("run", 0, options);
        _cleanUp = (options, _, _) => Called("clean", true, options);
    }

    private string Log => Encoding.UTF8.GetString(_log.ToArray());

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("--version", "Kubernetes v1.36.*+kube-proxy-sharp.*\n")]
    [InlineData("--version=raw", "version.Info{Major:\"1\", Minor:\"36\", GitVersion:\"v1.36.*\n")]
    [InlineData("--help", "kube-proxy: a kube-proxy.*--config=FILE*Examples:*Exit codes:*")]
    [InlineData("-h", "*--iptables-variant=auto|nft|legacy*")]
    public async Task QuestionsAreAnsweredWithoutRunning(string line, string output)
    {
        (await Run(line)).Should().Be(0);

        _output.ToString().Should().Match(output);
        _calls.Should().BeEmpty();
    }

    [Theory]
    [InlineData("--nope", "Error: unknown flag: --nope\nUsage: kube-proxy [flags]\n*")]
    [InlineData("stray", "Error: \"kube-proxy\" does not take any arguments, got [\"stray\"]\n*")]
    [InlineData("--help --nope", "Error: unknown flag: --nope\n*")]
    [InlineData("--config=/no/file", "Error: failed complete: open /no/file: no such file or directory\n")]
    [InlineData("--logging-format=xml", "Error: initialize logging: logging.format: Invalid value: \"xml\": Unsupported log format\n")]
    public async Task WhatIsWrongBeforeThereIsALogGoesToStandardError(string line, string errors)
    {
        (await Run(line)).Should().Be(1);

        _errors.ToString().Should().Match(errors);
        _calls.Should().BeEmpty();
    }

    [Fact]
    public async Task InvalidConfigurationsAreLogged()
    {
        (await Run("--oom-score-adj=5000 --cleanup")).Should().Be(1);

        Log.Should().Contain("] \"command failed\" err=\"failed validate: KubeProxyConfiguration.KubeProxyLinuxConfiguration.OOMScoreAdj: Invalid value: 5000: must be within the range [-1000, 1000]\"");
        _calls.Should().BeEmpty();
    }

    [Fact]
    public async Task RulesOfOtherModesAreRemovedBeforeTheAgentRuns()
    {
        _agent = (options, _, _) => Called("run", 7, options);

        (await Run("")).Should().Be(7);

        _calls.Should().Equal("clean", "run");
    }

    [Fact]
    public async Task LeftoversOfOtherModesDoNotKeepTheAgentFromRunning()
    {
        _cleanUp = (_, _, _) => throw new IOException("no nft");

        (await Run("")).Should().Be(0);

        _calls.Should().Equal("run");
        Log.Should().Contain("err=\"no nft\"");
    }

    [Theory]
    [InlineData(true, 0, "")]
    [InlineData(false, 1, "err=\"encountered an error while tearing down rules\"")]
    public async Task CleanupEndsAfterCleaning(bool isClean, int exitCode, string log)
    {
        _cleanUp = (options, _, _) => Called("clean " + options.IsCleanup, isClean, options);

        (await Run("--cleanup")).Should().Be(exitCode);

        _calls.Should().Equal("clean True");
        Log.Should().Match($"*{log}*");
    }

    [Fact]
    public async Task TheConfigurationIsWrittenInsteadOfRunning()
    {
        string path = Path.Combine(_folder, "out.yaml");

        (await Run($"--write-config-to={path} --proxy-mode=nftables --cleanup")).Should().Be(0);

        File.ReadAllText(path).Should().Contain("mode: nftables\n");
        Directory.GetFiles(_folder).Should().Equal(path);
        _calls.Should().BeEmpty();
        Log.Should().Contain("Wrote configuration");
    }

    [Fact]
    public async Task AConfigurationThatCannotBeWrittenIsAFailure()
    {
        (await Run($"--write-config-to={_folder}/missing/out.yaml")).Should().Be(1);

        Log.Should().Contain("command failed");
    }

    [Fact]
    public async Task FaultsOfTheAgentAreLogged()
    {
        _agent = (_, _, _) => throw new InvalidOperationException("broken");

        (await Run("")).Should().Be(1);

        Log.Should().Contain("] \"command failed\" err=\"broken\"");
    }

    [Fact]
    public async Task FlagsAreLoggedFromVerbosity2On()
    {
        await Run("-v=2");

        Log.Should().Contain("\"FLAG: --proxy-mode=\"").And.Contain("\"FLAG: --v=2\"");
        _log.SetLength(0);
        await Run("-v=1");
        Log.Should().NotContain("FLAG");
    }

    [Fact]
    public async Task AStoppedAgentIsNoFailure()
    {
        using CancellationTokenSource stop = new();
        _agent = async (_, _, token) =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, token);
            return 0;
        };

        (await Run("", stop.Token)).Should().Be(0);
    }

    /// <summary>The content is looked at every two seconds, and must be found twice.</summary>
    [Fact]
    public async Task AChangedConfigurationFileEndsTheAgent()
    {
        string path = Path.Combine(_folder, "config.yaml");
        const string Header = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";
        File.WriteAllText(path, Header);
        bool wasStopped = false;
        _agent = async (_, _, token) =>
        {
            File.WriteAllText(path, Header + "mode: nftables\n");
            TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
            using CancellationTokenRegistration registration = token.Register(stopped.SetResult);
            await stopped.Task;
            wasStopped = true;
            return 0;
        };

        (await Run($"--config={path}").WaitAsync(TimeSpan.FromMinutes(1))).Should().Be(1);

        wasStopped.Should().BeTrue();
        Log.Should().Contain("err=\"content of the proxy server's configuration file was updated\"");
    }

    private Task<int> Run(string line, CancellationToken cancellationToken = default)
    {
        RunStreams streams = new(_output, _errors, Stream.Null, _log);
        RunCommand command = new(streams, TimeProvider.System, (o, l, t) => _agent(o, l, t), (o, l, t) => _cleanUp(o, l, t));
        return command.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), "kube-proxy", cancellationToken);
    }

    private Task<T> Called<T>(string call, T result, RunOptions options)
    {
        options.Configuration.Mode.Should().NotBeEmpty();
        _calls.Add(call);
        return Task.FromResult(result);
    }
}
