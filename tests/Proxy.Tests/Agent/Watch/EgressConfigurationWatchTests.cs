using KubeProxySharp.Proxy.Agent.Watch;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Tests.Agent.Watch;

public sealed class EgressConfigurationWatchTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("egress-");
    private readonly ManualTimeProvider _time = new();
    private readonly Lines _log = new();
    private readonly EgressConfigurationWatch _watch;

    public EgressConfigurationWatchTests() => _watch = new(Path, _log, _time);

    private string Path => System.IO.Path.Combine(_directory.FullName, "ip-masq-agent");

    [Fact]
    public void TheDefaultsApplyUntilThereIsAFile()
    {
        _watch.Look();
        _watch.Policy.Should().Be(EgressPolicy.Default);

        Write("nonMasqueradeCIDRs: [192.0.2.0/24]");
        _watch.Look();
        Ranges.Should().Be("[192.0.2.0/24]");

        File.Delete(Path);
        _watch.Look();
        _watch.Policy.Should().Be(EgressPolicy.Default);
    }

    [Fact]
    public void TheLastGoodConfigurationStaysAndTheErrorIsSaidOnce()
    {
        Write("nonMasqueradeCIDRs: [192.0.2.0/24]");
        _watch.Look();

        Write("nonMasqueradeCIDRs: [192.0.2.1/24]");
        _watch.Look();
        _watch.Look();

        Ranges.Should().Be("[192.0.2.0/24]");
        _log.Errors.Should().ContainSingle().Which.Should().Contain(Path).And.Contain("nonMasqueradeCIDRs[0]").And.EndWith("the last good configuration stays in force");
    }

    [Fact]
    public void AFileThatCannotBeUsedAtTheStartLeavesTheDefaults()
    {
        Write("nonMasqueradeCIDRs: everything");
        _watch.Look();

        _watch.Policy.Should().Be(EgressPolicy.Default);
        _log.Errors.Should().ContainSingle().Which.Should().EndWith("ip-masq-agent's defaults apply until it can be used");
    }

    [Fact]
    public async Task ChangesArriveAtTheIntervalOfTheFile()
    {
        using CancellationTokenSource stop = new();
        List<EgressPolicy> policies = [];
        Write("nonMasqueradeCIDRs: [192.0.2.0/24]\nresyncInterval: 5s");
        _watch.Look();
        Task running = _watch.RunAsync(policies.Add, stop.Token);

        Write("nonMasqueradeCIDRs: [198.51.100.0/24]\nresyncInterval: 7s");
        _time.Advance(TimeSpan.FromSeconds(4));
        policies.Should().BeEmpty();
        await _time.AdvanceUntilAsync(() => policies.Count == 1, TimeSpan.FromSeconds(1));

        policies[0].NonMasqueradeCidrs.ToString().Should().Be("[198.51.100.0/24]");
        await stop.CancelAsync();
        await FluentActions.Awaiting(() => running).Should().ThrowAsync<OperationCanceledException>();
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private string Ranges => _watch.Policy.NonMasqueradeCidrs.ToString();

    private void Write(string text) => File.WriteAllText(Path, text);

    private sealed class Lines : ILogger
    {
        public List<string> Errors { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Error)
            {
                Errors.Add(formatter(state, exception));
            }
        }
    }
}
