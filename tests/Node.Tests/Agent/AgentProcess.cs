using System.Diagnostics;
using System.Globalization;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>The real program, running in a namespace.</summary>
internal sealed class AgentProcess
{
    /// <summary>The exit code of a program that SIGTERM ended: the shell's 128 and the number of the signal.</summary>
    public const int Terminated = 128 + 15;

    private readonly Process _process;
    private readonly List<string> _log = [];

    private AgentProcess(Process process)
    {
        _process = process;
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it has written so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return string.Join('\n', _log);
            }
        }
    }

    /// <summary>Starts it with a configuration file; it ends at the latest with the namespace.</summary>
    public static AgentProcess Start(LabNamespace network, string lockFile, string configurationFile, string variant)
    {
        Process process = network.Start(ProgramUnderTest.Path, ["run", "--config", configurationFile, "--iptables-variant", variant], start =>
        {
            start.Environment["XTABLES_LOCKFILE"] = lockFile;
            start.RedirectStandardOutput = true;
            start.RedirectStandardError = true;
        });
        AgentProcess agent = new(process);
        process.OutputDataReceived += (_, line) => agent.Note(line.Data);
        process.ErrorDataReceived += (_, line) => agent.Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return agent;
    }

    /// <summary>How many lines of its log contain a text.</summary>
    public int Count(string text)
    {
        lock (_log)
        {
            return _log.Count(line => line.Contains(text, StringComparison.Ordinal));
        }
    }

    /// <summary>Waits until it ends by itself.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        using CancellationTokenSource patience = new(limit);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    /// <summary>Asks it to end, as systemd and the kubelet do.</summary>
    public Task<int> StopAsync(TimeSpan limit)
    {
        ChildProcess.Run("kill", "", "-TERM", Id.ToString(CultureInfo.InvariantCulture));
        return WaitForExitAsync(limit);
    }

    private void Note(string? line)
    {
        if (line is not null)
        {
            lock (_log)
            {
                _log.Add(line);
            }
        }
    }
}
