using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>The frame of a command that makes a report and writes it: progress, and what is said when it cannot be made.</summary>
internal static class ReportRun
{
    /// <summary>Runs a command.</summary>
    /// <typeparam name="TReport">The report.</typeparam>
    /// <param name="streams">Where messages and progress go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="make">Makes the report; null when it cannot be made and that has been said.</param>
    /// <param name="write">Writes it and gives the exit code.</param>
    /// <returns>The exit code; <see cref="ExitCode.Failure"/> when there is no report.</returns>
    public static async Task<int> RunAsync<TReport>(CommandStreams streams, TimeProvider time, Func<Progress, Task<TReport?>> make, Func<TReport, int> write)
        where TReport : class
    {
        try
        {
            TReport? report;
            using (Progress progress = new(streams.Errors, streams.AreErrorsOnTerminal, time))
            {
                report = await make(progress);
            }

            return report is null ? ExitCode.Failure : write(report);
        }
        catch (Exception e) when (e is InputException or ConfigurationException or ConnectionException or NetlinkException or RuleTextException or IOException or UnauthorizedAccessException)
        {
            streams.Errors.WriteLine($"error: {e.Message}");
            return ExitCode.Failure;
        }
    }

    /// <summary>Writes a report as text to standard output.</summary>
    /// <param name="streams">Where it goes.</param>
    /// <param name="write">Writes it.</param>
    public static void WriteText(CommandStreams streams, Action<TextWriter> write)
    {
        using StreamWriter text = new(streams.OpenOutput()) { NewLine = "\n" };
        write(text);
    }
}
