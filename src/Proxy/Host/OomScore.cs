using System.Globalization;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Host;

/// <summary>Sets the OOM score adjustment of this process (spec 11.2).</summary>
/// <param name="files">The files of the node.</param>
/// <param name="time">Waits between attempts.</param>
/// <param name="logger">Logs a failure, which is not fatal.</param>
internal sealed partial class OomScore(KernelFiles files, TimeProvider time, ILogger<OomScore> logger)
{
    private const string FilePath = "proc/self/oom_score_adj";
    private const int Attempts = 2;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Sets the adjustment, -1000 (never) to 1000 (first).</summary>
    public async Task SetAsync(int adjustment, CancellationToken cancellationToken)
    {
        for (int attempt = 1; attempt <= Attempts; attempt++)
        {
            try
            {
                files.Write(FilePath, adjustment.ToString(CultureInfo.InvariantCulture));
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (attempt == Attempts)
                {
                    LogFailure(e, adjustment, FilePath);
                    return;
                }
            }

            await Task.Delay(s_pause, time, cancellationToken);
        }
    }

    [LoggerMessage(EventId = 3002, Level = LogLevel.Information, Message = "Failed to set the OOM score adjustment {Adjustment} in {Path}")]
    private partial void LogFailure(Exception exception, int adjustment, string path);
}
