using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>Runs a command that makes a report and writes it: shows progress, and reports errors.</summary>
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

/// <summary>Invalid input of a command. The message names the input and the remedy.</summary>
/// <param name="message">What is wrong.</param>
internal sealed class InputException(string message) : Exception(message);

/// <summary>How the commands' reports become JSON, for programs. Names stay as they are in later versions; others may be added.</summary>
internal static class ReportJson
{
    /// <summary>The form of the text.</summary>
    /// <param name="encoder">What is escaped; null for all that is not plain ASCII, and what HTML could take for its own.</param>
    public static JsonSerializerOptions Options(JavaScriptEncoder? encoder = null) =>
        new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = encoder };

    /// <summary>Writes a report, and ends its last line.</summary>
    public static void Write<T>(T report, JsonTypeInfo<T> type, Stream output)
    {
        JsonSerializer.Serialize(output, report, type);
        output.WriteByte((byte)'\n');
    }
}
