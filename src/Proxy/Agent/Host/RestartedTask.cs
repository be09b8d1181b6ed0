using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Health;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Host;

/// <summary>
/// Runs a part of the agent, and restarts it when it fails: an unexpected error must not take the other parts down. The delays
/// double from one second to half a minute; there is no last attempt, since the rules in the kernel stay in any case. Health
/// names the part, and becomes unhealthy after a while if rules depend on it, so that the kubelet restarts the agent.
/// </summary>
/// <param name="name">The name of the part in the log and in <c>/healthz?verbose</c>.</param>
/// <param name="isVital">Whether rules cannot follow the cluster without it.</param>
/// <param name="health">The health.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
internal sealed partial class RestartedTask(string name, bool isVital, ProxyHealth health, ILogger log, TimeProvider time)
{
    /// <summary>A part that ran for this long without an error has recovered.</summary>
    private static readonly TimeSpan s_recoveryTime = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan s_firstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(30);

    private int _failures;

    /// <summary>Runs until cancelled, until the part ends by itself, or until it throws an error that is meant to end the agent.</summary>
    /// <param name="run">Runs the part; called again after each failure.</param>
    /// <param name="stop">Cancels the part.</param>
    /// <exception cref="ConfigurationException">The agent cannot run with its configuration.</exception>
    /// <exception cref="OperationCanceledException">The part was cancelled.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> run, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await RunOnceAsync(run, stop);
                return;
            }
            catch (Exception e) when (!stop.IsCancellationRequested && e is not ConfigurationException)
            {
                _failures++;
                health.TaskFailed(name, isVital, e.Message);
                LogFailed(name, _failures, Delay().TotalSeconds, e);
            }

            await Task.Delay(Delay(), time, stop);
        }
    }

    private async Task RunOnceAsync(Func<CancellationToken, Task> run, CancellationToken stop)
    {
        Task running = run(stop);
        if (_failures != 0)
        {
            using CancellationTokenSource timer = CancellationTokenSource.CreateLinkedTokenSource(stop);
            await Task.WhenAny(running, Task.Delay(s_recoveryTime, time, timer.Token));
            await timer.CancelAsync();
            if (!running.IsCompleted && !stop.IsCancellationRequested)
            {
                LogRecovered(name, _failures);
                _failures = 0;
                health.TaskRecovered(name);
            }
        }

        await running;
    }

    private TimeSpan Delay()
    {
        TimeSpan delay = s_firstDelay * Math.Pow(2, Math.Min(_failures - 1, 10));
        return delay < s_longestDelay ? delay : s_longestDelay;
    }

    [LoggerMessage(EventId = 5041, Level = LogLevel.Error, Message = "The {Part} failed (failure {Failures} in a row); it is started again in {Seconds} s, and the rules stay meanwhile")]
    private partial void LogFailed(string part, int failures, double seconds, Exception error);

    [LoggerMessage(EventId = 5042, Level = LogLevel.Information, Message = "The {Part} works again after {Failures} failures")]
    private partial void LogRecovered(string part, int failures);
}
