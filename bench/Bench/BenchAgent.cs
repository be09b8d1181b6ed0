using System.Diagnostics;
using System.Globalization;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Bench;

/// <summary>The real program with a fake API server, in a network namespace of its own. The agent's log is read as it is written.</summary>
internal sealed class BenchAgent : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    /// <summary>How often the log is looked at; lines carry the time when they came, so that figures do not depend on it.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(1);

    private readonly LabNamespace _network = LabNamespace.Create("clean-up");
    private readonly string _kubeconfig = Path.GetTempFileName();
    private readonly Lock _gate = new();
    private readonly List<(long Time, string Text)> _log = [];
    private readonly Process _server;
    private readonly Process _agent;

    /// <summary>Starts both, and waits for the first rules.</summary>
    public BenchAgent(string program, string server, int services)
    {
        _server = _network.Start(
            server,
            ["--services", services.ToString(CultureInfo.InvariantCulture), "--endpoints", "10", "--port", "16443", "--node", "node-1", "--kubeconfig", _kubeconfig],
            start => (start.RedirectStandardInput, start.RedirectStandardOutput) = (true, true));
        while (_server.StandardOutput.ReadLine()?.StartsWith("control ", StringComparison.Ordinal) == false)
        {
            // What comes before is for people.
        }

        _agent = _network.Start(
            program,
            [
                "run", "--kubeconfig", _kubeconfig, "--hostname-override", "node-1", "--proxy-mode", "nftables", "--iptables-min-sync-period=0s",
                "--oom-score-adj=0", "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s", "-v=4",
            ],
            start => start.RedirectStandardError = true);
        _agent.ErrorDataReceived += (_, line) =>
        {
            lock (_gate)
            {
                _log.Add((Stopwatch.GetTimestamp(), line.Data ?? ""));
            }
        };
        _agent.BeginErrorReadLine();
        Wait(0, "Synced IPv4 rules (full)");
    }

    /// <summary>Where both are.</summary>
    public LabNamespace Network => _network;

    /// <summary>Number of lines of the log.</summary>
    public int LogLength
    {
        get
        {
            lock (_gate)
            {
                return _log.Count;
            }
        }
    }

    /// <summary>Resident memory of the agent now, and at its highest since <see cref="ResetPeak"/>, in bytes.</summary>
    public (long Now, long Peak) Memory => (PeakMemory.Read(_agent.Id, "VmRSS:"), PeakMemory.Read(_agent.Id, "VmHWM:"));

    /// <summary>Begins a new measurement of the peak.</summary>
    public void ResetPeak() => PeakMemory.Reset(_agent.Id);

    /// <summary>Gives the API server a command.</summary>
    public void Command(string command)
    {
        _server.StandardInput.WriteLine(command);
        _server.StandardInput.Flush();
        _server.StandardOutput.ReadLine();
    }

    /// <summary>When a line with a text came after another line; null if none did.</summary>
    public (long Time, string Text)? Find(int after, string text)
    {
        lock (_gate)
        {
            int index = _log.FindIndex(Math.Min(after, _log.Count), line => line.Text.Contains(text, StringComparison.Ordinal));
            return index < 0 ? null : _log[index];
        }
    }

    /// <summary>Waits for a line.</summary>
    public (long Time, string Text) Wait(int after, string text)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Find(after, text) is { } found)
            {
                return found;
            }

            if (Stopwatch.GetElapsedTime(start) > s_limit || _agent.HasExited)
            {
                lock (_gate)
                {
                    throw new InvalidOperationException($"the agent did not log \"{text}\":\n" + string.Join('\n', _log.TakeLast(10).Select(line => line.Text)));
                }
            }

            Thread.Sleep(s_look);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _network.Dispose();
        File.Delete(_kubeconfig);
    }
}
