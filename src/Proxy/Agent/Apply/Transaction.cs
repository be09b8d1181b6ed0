using System.Buffers;
using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>Gives a text to a tool that applies it, and tells what became of it.</summary>
internal static partial class Transaction
{
    /// <summary>The most lines of a tool's complaint that are shown.</summary>
    private const int MostLines = 12;

    private const int MostOfLine = 400;

    /// <summary>The most places that are looked up: more are found when these are out of the way.</summary>
    private const int MostComplaints = 1000;

    /// <summary>
    /// What tools say when the trouble is with them or with the kernel at this moment, not with the rules. Children run with
    /// LC_ALL=C, so the texts are these.
    /// </summary>
    private static readonly string[] s_passing =
    [
        "Another app is currently holding the xtables lock",
        "Cannot allocate memory",
        "Out of memory",
        "memory allocation problem",
        "Resource temporarily unavailable",
        "Interrupted system call",
        "No buffer space available",
        "Operation not permitted",
        "Permission denied (you must be root)",
        "Can't open lock file",
        "Fatal: can't",
    ];

    /// <summary>Runs the tool.</summary>
    /// <param name="runner">Runs it.</param>
    /// <param name="call">The call without its input.</param>
    /// <param name="text">Writes the text; called a second time when a line of it is refused.</param>
    /// <param name="cancellation">Kills the tool.</param>
    public static async Task<ApplyResult> RunAsync(ProcessRunner runner, ToolCall call, Action<IBufferWriter<byte>> text, CancellationToken cancellation)
    {
        ProcessResult result = await runner.RunAsync(call with { Input = text }, cancellation);
        if (result.IsSuccess)
        {
            return ApplyResult.Applied;
        }

        string error = (result with { Error = Shortened(result.Error) }).Describe(call.Tool);
        if (result.End != ProcessEnd.Exited || Array.Exists(s_passing, words => result.Error.Contains(words, StringComparison.Ordinal)))
        {
            return new(ApplyOutcome.Unavailable, error);
        }

        return new(ApplyOutcome.Refused, error + Context(result.Error, text)) { Complaints = ComplainedOf(result.Error, text) };
    }

    /// <summary>nft names everything that is wrong in one go, iptables-restore the first line.</summary>
    private static IReadOnlyList<string> ComplainedOf(string error, Action<IBufferWriter<byte>> text)
    {
        Dictionary<int, (int From, int To)> places = [];
        foreach (Match match in ReportedLine().Matches(error))
        {
            if (places.Count < MostComplaints && int.TryParse(match.Groups["line"].ValueSpan, out int line))
            {
                bool hasColumns = int.TryParse(match.Groups["from"].ValueSpan, out int from) & int.TryParse(match.Groups["to"].ValueSpan, out int to);
                places.TryAdd(line, hasColumns ? (from, to) : (1, int.MaxValue));
            }
        }

        if (places.Count == 0)
        {
            return [];
        }

        LinePicker picker = new(places);
        text(picker);
        return picker.Picked;
    }

    private static string Context(string error, Action<IBufferWriter<byte>> text)
    {
        Match match = ReportedLine().Match(error);
        if (!match.Success || !int.TryParse(match.Groups["line"].ValueSpan, out int line))
        {
            return "";
        }

        ErrorContext window = new(line);
        text(window);
        return "\n" + window.ToString().TrimEnd('\n');
    }

    private static string Shortened(string error)
    {
        string[] lines = error.Trim().Split('\n');
        IEnumerable<string> shown = lines.Take(MostLines).Select(line => line.Length <= MostOfLine ? line : line[..MostOfLine] + "...");
        return string.Join('\n', shown) + (lines.Length > MostLines ? $"\n... {lines.Length - MostLines} more lines" : "");
    }

    /// <summary>"line 4: RULE_APPEND failed", "line 4 failed", "Error occurred at line: 4", and nft's "/dev/stdin:4:1-20: Error" or "/proc/1/fd/9:4:1-20: Error".</summary>
    [GeneratedRegex(@"(?:\bline:? |/dev/stdin:|<stdin>:|^-:|^/proc/[0-9]+/fd/[0-9]+:)(?<line>[0-9]+)\b(?::(?<from>[0-9]+)-(?<to>[0-9]+))?", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex ReportedLine();
}
