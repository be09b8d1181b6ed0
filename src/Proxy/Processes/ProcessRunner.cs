using System.ComponentModel;
using System.Diagnostics;

namespace KubeProxySharp.Proxy.Processes;

/// <summary>
/// Runs tools: bytes in, bounded text or lines out, no shell, a clean environment and a time limit. Starting a process
/// takes 0.2 ms here (median), so that .NET's own means are good enough.
/// </summary>
/// <param name="network">Where the tools run.</param>
/// <param name="time">Measures the limits.</param>
/// <param name="environment">What tools get besides PATH and LC_ALL; null for what iptables understands of ours.</param>
internal sealed class ProcessRunner(INetworkPlace network, TimeProvider time, IReadOnlyDictionary<string, string>? environment = null)
{
    /// <summary>The most that is kept of an error text.</summary>
    public const int MostError = 16 * 1024;

    /// <summary>The most that is kept of an output that nobody takes by line.</summary>
    public const int MostOutput = 256 * 1024;

    private const int SignalBase = 128;

    /// <summary>Where the lock and the extensions are: a node may have them elsewhere.</summary>
    private static readonly string[] s_passedOn = ["XTABLES_LOCKFILE", "XTABLES_LIBDIR"];

    private readonly IReadOnlyDictionary<string, string> _environment = environment ?? OwnEnvironment();

    /// <summary>Whether a tool was not permitted to open a file in memory, and so none ever will be.</summary>
    private volatile bool _areFilesForbidden;

    /// <summary>Where the tools run.</summary>
    public INetworkPlace Network => network;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>Called with the number of each process as soon as it is known.</summary>
    private Action<int> Started { get; init; } = static _ => { };

    /// <summary>The same, but somewhere else.</summary>
    public ProcessRunner In(INetworkPlace other) => new(other, time, _environment);

    /// <summary>The same, but telling the number of each process that it starts.</summary>
    public ProcessRunner Reporting(Action<int> started) => new(network, time, _environment) { Started = started };

    /// <summary>Runs a tool to its end. Whatever becomes of it is told by the result.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the tool and its children have been killed.</exception>
    public async Task<ProcessResult> RunAsync(ToolCall call, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!call.IsInputWhole || call.Input is null)
        {
            return await StartAsync(call, cancellation);
        }

        using WholeInput input = WholeInput.Make(call.Input, !_areFilesForbidden);
        ProcessResult result = await StartAsync(input.Give(call), cancellation);
        if (result.IsSuccess || input.FileName is not { } name || !IsForbidden(result, name))
        {
            return result;
        }

        // A profile of the host's security system, for instance: the pipe is left.
        _areFilesForbidden = true;
        using WholeInput again = WholeInput.Make(call.Input, mayUseFile: false);
        return await StartAsync(again.Give(call), cancellation);
    }

    private static bool IsForbidden(ProcessResult result, string name) =>
        result.Error.Contains(name, StringComparison.Ordinal) && result.Error.Contains("Permission denied", StringComparison.Ordinal);

    private async Task<ProcessResult> StartAsync(ToolCall call, CancellationToken cancellation)
    {
        string? path = ToolPath.Find(call.Tool);
        if (path is null)
        {
            return NotStarted($"{call.Tool} is not installed: it is in none of the directories of PATH ({ToolPath.SearchPath})");
        }

        Process process;
        try
        {
            ProcessStartInfo start = StartInfo(path, call.Arguments);
            process = network.Run(() => Process.Start(start)!); // null only with UseShellExecute
            Started(process.Id);
        }
        catch (Win32Exception e)
        {
            return NotStarted($"{path} cannot be started: {e.Message}");
        }

        // A process does not close the pipes that somebody has read from; left to the finalizer they pile up.
        using (process)
        using (process.StandardOutput)
        using (process.StandardError)
        {
            return await FinishAsync(process, call, cancellation);
        }
    }

    private static ProcessResult NotStarted(string why) => new(ProcessEnd.NotStarted, -1, "", why);

    private async Task<ProcessResult> FinishAsync(Process process, ToolCall call, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = new(call.Limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        using CancellationTokenRegistration kill = either.Token.UnsafeRegister(static child => Kill((Process)child!), process);
        Task<string> output = call.Output is { } copy ? CopyAsync(process, copy)
            : call.Lines is { } lines ? SplitAsync(process, lines)
            : OutputPump.KeepAsync(process.StandardOutput.BaseStream, MostOutput);
        Task<string> error = OutputPump.KeepAsync(process.StandardError.BaseStream, MostError);
        try
        {
            Feed(process, call, either.Token);
            await Task.WhenAll(output, error);
            await process.WaitForExitAsync(CancellationToken.None);
        }
        catch
        {
            Kill(process);
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }

        cancellation.ThrowIfCancellationRequested();
        ProcessEnd end = limit.IsCancellationRequested ? ProcessEnd.TimedOut
            : process.ExitCode > SignalBase ? ProcessEnd.Signalled
            : ProcessEnd.Exited;
        return new(end, process.ExitCode, await output, await error);
    }

    private static async Task<string> CopyAsync(Process process, Stream output)
    {
        await process.StandardOutput.BaseStream.CopyToAsync(output, CancellationToken.None);
        return "";
    }

    private static async Task<string> SplitAsync(Process process, LineHandler lines)
    {
        await OutputPump.SplitAsync(process.StandardOutput.BaseStream, lines);
        return "";
    }

    /// <summary>
    /// Writes the input on this thread: what makes the text is synchronous, and nothing holds more than a buffer of it. The
    /// child never sees the end of an incomplete text, which it might take for a whole one.
    /// </summary>
    private static void Feed(Process process, ToolCall call, CancellationToken stopped)
    {
        ChildInput input = new(process.StandardInput.BaseStream);
        try
        {
            call.Input?.Invoke(input);
            if (!stopped.IsCancellationRequested)
            {
                input.Complete();
            }
        }
        catch
        {
            Kill(process);
            throw;
        }
        finally
        {
            input.Release();
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself in this moment, or its children did.
            Debug.WriteLine(e);
        }
    }

    private ProcessStartInfo StartInfo(string path, string[] arguments)
    {
        ProcessStartInfo start = new(path, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = ToolPath.SearchPath;
        start.Environment["LC_ALL"] = "C"; // error texts are read, and shown, in English
        foreach ((string name, string value) in _environment)
        {
            start.Environment[name] = value;
        }

        return start;
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
