using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>The program as a process, with its log.</summary>
internal sealed class RunningAgent
{
    private readonly LabNamespace _network;
    private readonly Process _process;
    private readonly List<string> _log = [];

    /// <summary>Takes over a process that has just been started with its standard error redirected.</summary>
    public RunningAgent(LabNamespace network, Process process)
    {
        _network = network;
        _process = process;
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    public int HealthPort { get; init; } = 10256;

    public int MetricsPort { get; init; } = 10249;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>The lines so far.</summary>
    public IReadOnlyList<string> Log
    {
        get
        {
            lock (_log)
            {
                return [.. _log];
            }
        }
    }

    /// <summary>How many lines have a text.</summary>
    public int Count(string text) => Log.Count(line => line.Contains(text, StringComparison.Ordinal));

    /// <summary>Waits until lines with a text are there.</summary>
    public Task WaitForLogAsync(string text, int times = 1, int seconds = 120) =>
        WaitAsync(() => Count(text) >= times, $"{times} times \"{text}\" in the log", seconds);

    /// <summary>Waits for a condition while the agent runs; a timeout shows the log.</summary>
    public async Task WaitAsync(Func<bool> condition, string what, int seconds = 120)
    {
        bool isMet = false; // once is enough: another agent may undo it at once
        await Eventually.IsTrueAsync(() => (isMet = condition()) || HasExited, seconds);
        if (!isMet)
        {
            throw new InvalidOperationException($"{(HasExited ? "the agent ended" : "time is up")} before {what}:\n{string.Join('\n', Log.TakeLast(60))}");
        }
    }

    /// <summary>Sends a signal.</summary>
    public void Signal(string name) => Testing.ChildProcess.Run("/bin/kill", "", "-" + name, Id.ToString(CultureInfo.InvariantCulture));

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> ExitAsync(int seconds = 90)
    {
        if (!await Eventually.IsTrueAsync(() => HasExited, seconds))
        {
            throw new InvalidOperationException($"the agent still runs:\n{string.Join('\n', Log.TakeLast(60))}");
        }

        return _process.ExitCode;
    }

    /// <summary>Kills it as the kernel does when memory is short; tools that it started go on.</summary>
    public async Task KillAsync()
    {
        Signal("KILL");
        await ExitAsync();
    }

    /// <summary>Ends it as the kubelet does.</summary>
    public async Task StopAsync()
    {
        Signal("TERM");
        (await ExitAsync()).Should().Be(143);
    }

    /// <summary>The status of <c>/healthz</c>, or 0 if nobody answers.</summary>
    public int Health() => Get(HealthPort, "/healthz", out _);

    /// <summary>The status of a probe, or 0 without an answer, and the answer in words.</summary>
    public (int Status, string Text) Probe(string path)
    {
        int status = Get(HealthPort, path + "?verbose", out string text);
        return (status, text);
    }

    /// <summary>The answer of any port, with its headers; empty without one.</summary>
    public string Answer(int port, string path)
    {
        Get(port, path, out string text);
        return text;
    }

    /// <summary>The sum of the series of a metric.</summary>
    public double Metric(string name)
    {
        Get(MetricsPort, "/metrics", out string text);
        return text.Split('\n')
            .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    private int Get(int port, string path, out string text)
    {
        string answer = _network.Inside(() => Ask(port, path));
        text = answer;
        return answer.Length == 0 ? 0 : int.Parse(answer.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static string Ask(int port, string path)
    {
        try
        {
            using TcpClient client = new("127.0.0.1", port);
            using NetworkStream stream = client.GetStream();
            stream.Write(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
            using StreamReader reader = new(stream);
            return reader.ReadToEnd();
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return "";
        }
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
