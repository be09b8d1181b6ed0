using KubeProxySharp.Proxy.Observability.Health;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>Reports what the start waits for: to the health server, and to the log at once and then every minute.</summary>
internal sealed partial class StartupWait(ProxyHealth health, ILogger log, TimeProvider time)
{
    private static readonly TimeSpan s_reminder = TimeSpan.FromMinutes(1);

    /// <summary>Waits for a step of the start.</summary>
    /// <param name="step">The step.</param>
    /// <param name="what">What it waits for, such as <c>the API server to list Services</c>.</param>
    public async Task<T> UntilAsync<T>(Task<T> step, string what)
    {
        if (step.IsCompleted)
        {
            return await step;
        }

        long start = time.GetTimestamp();
        health.WaitsFor(what);
        LogWaiting(what);
        try
        {
            while (true)
            {
                try
                {
                    return await step.WaitAsync(s_reminder, time);
                }
                catch (TimeoutException) when (!step.IsCompleted)
                {
                    LogStillWaiting(what, Math.Round(time.GetElapsedTime(start).TotalMinutes));
                }
            }
        }
        finally
        {
            health.WaitsFor("");
        }
    }

    [LoggerMessage(EventId = 5060, Level = LogLevel.Information, Message = "Waiting for {What}; rules in the kernel stay as they are meanwhile")]
    private partial void LogWaiting(string what);

    [LoggerMessage(EventId = 5061, Level = LogLevel.Warning, Message = "Still waiting for {What}, for {Minutes} min; rules in the kernel stay as they are meanwhile")]
    private partial void LogStillWaiting(string what, double minutes);
}
