using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Health;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Agent.Host;

public sealed class RestartedTaskTests : IDisposable
{
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(500);

    private readonly ManualTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ProxyHealth _health;

    public RestartedTaskTests()
    {
        _health = new(TimeSpan.FromSeconds(30), _time);
        _health.SetNodeEligible(true);
        _health.SyncLoopStarted(IpFamily.IPv4);
        _health.SyncSucceeded(IpFamily.IPv4, _time.GetTimestamp());
    }

    public void Dispose() => _stop.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task AFailedPartRunsAgain(int failures)
    {
        int runs = 0;
        Task part = Part(isVital: false).RunAsync(_ => ++runs <= failures ? throw new InvalidOperationException("nobody thought of it") : Task.CompletedTask, _stop.Token);

        await _time.AdvanceUntilAsync(() => part.IsCompleted, s_step);

        await part;
        runs.Should().Be(failures + 1);
    }

    [Fact]
    public async Task TheWaitsDouble()
    {
        List<DateTimeOffset> runs = [];
        Task part = Part(isVital: false).RunAsync(_ => { runs.Add(_time.GetUtcNow()); throw new IOException("gone"); }, _stop.Token);

        await _time.AdvanceUntilAsync(() => runs.Count == 8, s_step);
        await StopAsync(part);

        runs.Zip(runs.Skip(1), static (before, after) => Math.Round((after - before).TotalSeconds)).Should().Equal(1, 2, 4, 8, 16, 30, 30);
    }

    /// <summary>Then the kubelet starts the agent anew.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HealthNamesThePartAndTurnsBadWhenRulesDependOnIt(bool isVital)
    {
        Task part = Part(isVital).RunAsync(static _ => Task.FromException(new IOException("gone")), _stop.Token);

        HealthText.Describe(_health.Read(), HealthProbe.Healthz).Should().Contain("[+]test started again: 1 failures").And.Contain("last error: gone");
        _health.Read().IsHealthy.Should().BeTrue("one failure is no ill health");
        await _time.AdvanceUntilAsync(() => _health.Read().Tasks[0].Failures > 7, s_step);
        await StopAsync(part);

        _health.Read().IsHealthy.Should().Be(!isVital);
        HealthText.Describe(_health.Read(), HealthProbe.Livez).Should().Contain(isVital ? "[-]test failed" : "[+]test started again");
    }

    [Fact]
    public async Task APartThatRunsOnIsWellAgain()
    {
        int runs = 0;
        Task part = Part(isVital: true).RunAsync(
            end => ++runs <= 2 ? throw new IOException("gone") : Task.Delay(Timeout.InfiniteTimeSpan, _time, end),
            _stop.Token);

        await _time.AdvanceUntilAsync(() => runs == 3, s_step);
        _health.Read().Tasks.Should().ContainSingle();
        await _time.AdvanceUntilAsync(() => _health.Read().Tasks.Count == 0, TimeSpan.FromSeconds(5));

        await StopAsync(part);
    }

    [Fact]
    public async Task AnIntendedEndIsOne()
    {
        Func<Task> run = () => Part(isVital: true).RunAsync(static _ => throw new ConfigurationException("no such address"), _stop.Token);

        await run.Should().ThrowAsync<ConfigurationException>();
    }

    /// <summary>The other half would run on, and nobody would hear of the error.</summary>
    [Fact]
    public async Task TheErrorOfOneOfSeveralIsNotHidden()
    {
        bool isEnded = false;
        Func<Task> run = () => ConcurrentTasks.RunAsync(
            CancellationToken.None,
            static _ => Task.FromException(new IOException("gone")),
            async end =>
            {
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end);
                }
                finally
                {
                    isEnded = true;
                }
            });

        await run.Should().ThrowAsync<IOException>();
        isEnded.Should().BeTrue();
    }

    private RestartedTask Part(bool isVital) => new("test", isVital, _health, NullLogger.Instance, _time);

    private async Task StopAsync(Task part)
    {
        await _stop.CancelAsync();
        Func<Task> wait = () => part.WaitAsync(TimeSpan.FromSeconds(30));
        await wait.Should().ThrowAsync<OperationCanceledException>();
    }
}
