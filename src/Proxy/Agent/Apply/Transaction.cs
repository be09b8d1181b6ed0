using System.Buffers;
using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>
/// One call of a tool that applies or checks rules. An applier renders the text into it, then commits it: the tool starts
/// when the text is complete, and never if rendering fails.
/// </summary>
/// <param name="runner">Runs the tool.</param>
/// <param name="call">The call, without the text.</param>
internal sealed partial class Transaction(ProcessRunner runner, ToolCall call) : IBufferWriter<byte>, IDisposable
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

    private readonly SealedInput _input = new();
    private readonly long _start = runner.Time.GetTimestamp();

    /// <summary>Size of the text, and the times from the making of this object to the end of the tool; null until then.</summary>
    public ApplyFigures? Figures { get; private set; }

    /// <summary>Whether no text was written.</summary>
    public bool IsEmpty => _input.Length == 0;

    /// <summary>Seals the text, runs the tool with it, and finds the lines that the tool refused. To be called once.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the tool and its children have been killed.</exception>
    public async Task<ApplyResult> CommitAsync(CancellationToken cancellation)
    {
        TimeProvider time = runner.Time;
        long written = time.GetTimestamp();
        _input.Seal();
        ProcessResult result = await runner.RunAsync(call, _input, cancellation);
        Figures = new(_input.Length, time.GetElapsedTime(_start, written), time.GetElapsedTime(written));
        return Read(result);
    }

    /// <summary>The number of the last line <c># N</c> before what the tool complained about; null if it named no line after one.</summary>
    /// <param name="refused">The result of <see cref="CommitAsync"/>.</param>
    public int? MarkBefore(ApplyResult refused)
    {
        if (!int.TryParse(ReportedLine().Match(refused.Error).Groups["line"].ValueSpan, out int line))
        {
            return null;
        }

        MarkFinder finder = new(line);
        _input.CopyTo(finder);
        return finder.Number;
    }

    /// <inheritdoc/>
    public void Advance(int count) => _input.Advance(count);

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => _input.GetMemory(sizeHint);

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => _input.GetSpan(sizeHint);

    /// <inheritdoc/>
    public void Dispose() => _input.Dispose();

    private ApplyResult Read(ProcessResult result)
    {
        if (result.IsSuccess)
        {
            return ApplyResult.Applied;
        }

        string error = (result with { Error = Shortened(result.Error) }).Describe(call.Tool);
        if (result.End != ProcessEnd.Exited || Array.Exists(s_passing, phrase => result.Error.Contains(phrase, StringComparison.Ordinal)))
        {
            return new(ApplyOutcome.Unavailable, error);
        }

        return new(ApplyOutcome.Refused, error + Context(result.Error)) { Complaints = ComplainedOf(result.Error) };
    }

    /// <summary>nft names everything that is wrong in one go, iptables-restore the first line.</summary>
    private IReadOnlyList<string> ComplainedOf(string error)
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
        _input.CopyTo(picker);
        return picker.Picked;
    }

    private string Context(string error)
    {
        Match match = ReportedLine().Match(error);
        if (!match.Success || !int.TryParse(match.Groups["line"].ValueSpan, out int line))
        {
            return "";
        }

        ErrorContext window = new(line);
        _input.CopyTo(window);
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
