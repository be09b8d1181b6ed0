using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using CliWrap;
using KubeProxySharp.Kubernetes;

namespace KubeProxySharp.Proxy.Host;

/// <summary>Runs tools: a whole text in, bounded text or lines out, no shell, a clean environment and a time limit.</summary>
/// <param name="network">Where the tools run.</param>
/// <param name="time">Measures the limits.</param>
/// <param name="environment">What tools get besides PATH and LC_ALL; null for what iptables understands of ours.</param>
internal sealed class ProcessRunner(INetworkNamespace network, TimeProvider time, IReadOnlyDictionary<string, string>? environment = null)
{
    /// <summary>The most that is kept of standard error, in bytes.</summary>
    public const int MostError = 16 * 1024;

    /// <summary>The most that is kept of an output without a line handler, in bytes.</summary>
    public const int MostOutput = 256 * 1024;

    private const int SignalBase = 128;
    private const int KillSignal = 9;

    /// <summary>Variables that iptables reads for the paths of its lock and its extensions.</summary>
    private static readonly string[] s_passedOn = ["XTABLES_LOCKFILE", "XTABLES_LIBDIR"];

    private readonly IReadOnlyDictionary<string, string> _environment = environment ?? OwnEnvironment();

    /// <summary>Whether a tool was denied access to a file in memory; files in memory are not tried again.</summary>
    private volatile bool _areFilesForbidden;

    public INetworkNamespace Network => network;

    public TimeProvider Time => time;

    /// <summary>Called with the process id of each tool once it has started.</summary>
    private Action<int> Started { get; init; } = static _ => { };

    /// <summary>A runner with the same settings in another network namespace.</summary>
    public ProcessRunner In(INetworkNamespace other) => new(other, time, _environment);

    /// <summary>A runner that also reports the process id of each tool that it starts.</summary>
    public ProcessRunner Reporting(Action<int> started) => new(network, time, _environment) { Started = started };

    /// <summary>Runs a tool without input to its end. Failures are in the result, not exceptions.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the tool and its children have been killed.</exception>
    public Task<ProcessResult> RunAsync(ToolCall call, CancellationToken cancellation) =>
        StartAsync(call, call.Arguments, PipeSource.Null, cancellation);

    /// <summary>Runs a tool that reads an input to its end. Failures are in the result, not exceptions.</summary>
    /// <param name="call">The call; an argument <c>-</c> may become the name of a file that has the input.</param>
    /// <param name="input">What the tool reads, sealed; the caller disposes of it after the tool has ended.</param>
    /// <param name="cancellation">Kills the tool and its children.</param>
    /// <exception cref="InvalidOperationException">The input is not sealed; no tool was started.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the tool and its children have been killed.</exception>
    public async Task<ProcessResult> RunAsync(ToolCall call, SealedInput input, CancellationToken cancellation)
    {
        (string[] arguments, PipeSource pipe) = input.GetArguments(call, mayUseFile: !_areFilesForbidden);
        ProcessResult result = await StartAsync(call, arguments, pipe, cancellation);
        if (result.IsSuccess || input.FileName is not { } name || !IsForbidden(result, name))
        {
            return result;
        }

        // For instance an AppArmor or SELinux profile; the pipe is used instead.
        _areFilesForbidden = true;
        (arguments, pipe) = input.GetArguments(call, mayUseFile: false);
        return await StartAsync(call, arguments, pipe, cancellation);
    }

    private static bool IsForbidden(ProcessResult result, string name) =>
        result.Error.Contains(name, StringComparison.Ordinal) && result.Error.Contains("Permission denied", StringComparison.Ordinal);

    private async Task<ProcessResult> StartAsync(ToolCall call, string[] arguments, PipeSource input, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        string? path = ToolPath.Find(call.Tool);
        if (path is null)
        {
            return NotStarted($"{call.Tool} is not installed: it is in none of the directories of PATH ({ToolPath.SearchPath})");
        }

        BoundedOutput output = new(MostOutput);
        BoundedOutput error = new(MostError);
        Command command = new Command(path)
            .WithArguments(arguments)
            .WithValidation(CommandResultValidation.None)
            .WithStandardInputPipe(input)
            .WithStandardOutputPipe(call.Output is { } copy ? PipeTarget.ToStream(copy) : call.Lines is { } lines ? new OutputLines(lines) : output)
            .WithStandardErrorPipe(error);
        using CancellationTokenSource limit = new(call.Limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            CommandTask<CommandResult> running = network.Run(() => command.ExecuteAsync(Clean, process => Started(process.Id), either.Token));
            int code = (await running).ExitCode;
            return Result(code > SignalBase ? ProcessEnd.Signalled : ProcessEnd.Exited, code);
        }
        catch (Win32Exception e)
        {
            // CliWrap wraps the system's error.
            return NotStarted($"{path} cannot be started: {(e.InnerException ?? e).Message}");
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            cancellation.ThrowIfCancellationRequested();
            return Result(ProcessEnd.TimedOut, SignalBase + KillSignal);
        }

        ProcessResult Result(ProcessEnd end, int code) => new(end, code, Text(output), Text(error));
    }

    private static ProcessResult NotStarted(string why) => new(ProcessEnd.NotStarted, -1, "", why);

    private static string Text(BoundedOutput output) => Encoding.UTF8.GetString(output.Kept.Span);

    private void Clean(ProcessStartInfo start)
    {
        start.Environment.Clear();
        start.Environment["PATH"] = ToolPath.SearchPath;
        start.Environment["LC_ALL"] = "C"; // error texts are read, and shown, in English
        foreach ((string name, string value) in _environment)
        {
            start.Environment[name] = value;
        }
    }

    private static Dictionary<string, string> OwnEnvironment()
    {
        Dictionary<string, string> own = new(StringComparer.Ordinal);
        foreach (string name in s_passedOn)
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                own[name] = value;
            }
        }

        return own;
    }
}
