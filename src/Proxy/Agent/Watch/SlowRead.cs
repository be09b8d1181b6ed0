using System.Globalization;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>
/// Waits for reads of files, and reports one that takes too long: a network file system may not answer for hours, and it would
/// not be visible why changes have no effect.
/// </summary>
/// <param name="report">Called with a description of a read that does not end, repeatedly while it lasts, and with an empty text when it has ended.</param>
/// <param name="log">Logs a slow read once.</param>
/// <param name="time">The clock.</param>
internal sealed partial class SlowRead(Action<string> report, ILogger log, TimeProvider time)
{
    /// <summary>How long a read may take before it is reported.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Waits until a read ends.</summary>
    /// <param name="read">The read; what it throws is thrown.</param>
    /// <param name="file">Returns what is being read at the moment.</param>
    /// <param name="cancellation">Cancels the wait, not the read.</param>
    public async Task WaitAsync(Task read, Func<string> file, CancellationToken cancellation)
    {
        long begun = time.GetTimestamp();
        bool isReported = false;
        while (!await EndsAsync(read, cancellation))
        {
            double seconds = time.GetElapsedTime(begun).TotalSeconds;
            report(string.Create(CultureInfo.InvariantCulture, $"reading {file()} has not ended for {seconds:0}s; the last good state is kept"));
            if (!isReported)
            {
                LogSlow(file(), seconds);
            }

            isReported = true;
        }

        if (isReported)
        {
            report("");
        }

        await read;
    }

    private async Task<bool> EndsAsync(Task read, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(read, Task.Delay(Limit, time, limit.Token));
        await limit.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
        return read.IsCompleted;
    }

    [LoggerMessage(EventId = 5070, Level = LogLevel.Error, Message = "Reading {File} has not ended for {Seconds} s; the last good state is kept")]
    private partial void LogSlow(string file, double seconds);
}
