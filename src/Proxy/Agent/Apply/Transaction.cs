using System.Buffers;
using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>Gives a text to a tool that applies it, measures that, and reads what the tool says of it.</summary>
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
    public static async Task<ApplyResult> RunAsync(ProcessRunner runner, ToolCall call, Action<IBufferWriter<byte>> text, CancellationToken cancellation) =>
        (await RunMeasuredAsync(runner, call, text, cancellation)).Result;

    /// <summary>Runs the tool, and returns also how much text there was and where the time went; null when no text was written.</summary>
    /// <param name="runner">Runs it.</param>
    /// <param name="call">The call without its input.</param>
    /// <param name="text">Writes the text; called a second time when a line of it is refused.</param>
    /// <param name="cancellation">Kills the tool.</param>
    public static async Task<(ApplyResult Result, ApplyFigures? Figures)> RunMeasuredAsync(
        ProcessRunner runner, ToolCall call, Action<IBufferWriter<byte>> text, CancellationToken cancellation)
    {
        MeasuredText measured = new(text, runner.Time);
        ProcessResult result = await runner.RunAsync(call with { Input = measured.Write }, cancellation);
        return (Read(result, call.Tool, text), measured.End());
    }

    private static ApplyResult Read(ProcessResult result, string tool, Action<IBufferWriter<byte>> text)
    {
        if (result.IsSuccess)
        {
            return ApplyResult.Applied;
        }

        string error = (result with { Error = Shortened(result.Error) }).Describe(tool);
        if (result.End != ProcessEnd.Exited || Array.Exists(s_passing, phrase => result.Error.Contains(phrase, StringComparison.Ordinal)))
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

    /// <summary>Measures a transaction: how much text there is, and where the time goes.</summary>
    /// <param name="text">Writes the text.</param>
    /// <param name="time">Measures it.</param>
    private sealed class MeasuredText(Action<IBufferWriter<byte>> text, TimeProvider time)
    {
        private readonly long _start = time.GetTimestamp();
        private long _written;
        private bool _isWritten;
        private long _bytes;

        /// <summary>Writes the text. A second time, because the tool may not open a file in memory, is not measured.</summary>
        public void Write(IBufferWriter<byte> output)
        {
            if (_isWritten)
            {
                text(output);
                return;
            }

            Counter counter = new(output);
            text(counter);
            _bytes = counter.Bytes;
            _written = time.GetTimestamp();
            _isWritten = true;
        }

        /// <summary>The figures when the tool has ended; null when it took no text.</summary>
        public ApplyFigures? End() => _isWritten ? new(_bytes, time.GetElapsedTime(_start, _written), time.GetElapsedTime(_written)) : null;

        private sealed class Counter(IBufferWriter<byte> output) : IBufferWriter<byte>
        {
            public long Bytes { get; private set; }

            public void Advance(int count)
            {
                Bytes += count;
                output.Advance(count);
            }

            public Memory<byte> GetMemory(int sizeHint = 0) => output.GetMemory(sizeHint);

            public Span<byte> GetSpan(int sizeHint = 0) => output.GetSpan(sizeHint);
        }
    }
}
