using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Health;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Host;

/// <summary>
/// Runs a part of the agent, and runs it again when it fails: an error that nobody foresaw must not take the other parts
/// down. The waits double from a second to half a minute; there is no last attempt, since the rules in the kernel stay in
/// any case. Health names the part, and after a while is bad because of one that rules depend on, so that the kubelet starts
/// the agent anew.
/// </summary>
/// <param name="name">What the part is called in the log and in <c>/healthz?verbose</c>.</param>
/// <param name="isVital">Whether rules cannot follow the cluster without it.</param>
/// <param name="health">The health.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
internal sealed partial class RestartedTask(string name, bool isVital, ProxyHealth health, ILogger log, TimeProvider time)
{
    /// <summary>A part that ran so long without an error is well again.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan s_firstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(30);

    private int _failures;

    /// <summary>Runs until told to stop, until the part ends by itself, or until it fails in a way that is meant to end the agent.</summary>
    /// <param name="run">Runs the part; called again after each failure.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="ConfigurationException">The part says that the agent cannot go on with its configuration.</exception>
    /// <exception cref="OperationCanceledException">Told to stop.</exception>
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
            await Task.WhenAny(running, Task.Delay(Quiet, time, timer.Token));
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
