using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Commands.Replay;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Settings;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Agent.Host;

/// <summary>A recording in a directory of its own, and its replay by the command.</summary>
internal sealed class RecordingUnderTest : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kps-recording-");
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _writing;

    public RecordingUnderTest(string mode, ProxySettings settings, long limit = 64 * 1024 * 1024, ILogger? log = null, SyncRecorder? recorder = null)
    {
        Recorder = recorder ?? new(TimeProvider.System);
        RecordedStart start = new(DateTimeOffset.UnixEpoch, "kube-proxy-sharp test", mode, [IpFamily.IPv4, IpFamily.IPv6], settings);
        RecordingFile file = new(Path, limit, start, Recorder, log ?? NullLogger.Instance);
        _writing = Task.Run(() => file.RunAsync(_stop.Token));
    }

    public SyncRecorder Recorder { get; }

    public string Path => System.IO.Path.Combine(_directory.FullName, "recording");

    /// <summary>What the last replay printed.</summary>
    public string Output { get; private set; } = "";

    /// <summary>What the last replay printed to standard error.</summary>
    public string Errors { get; private set; } = "";

    /// <summary>What differed, without the table of syncs.</summary>
    public string Report => string.Join('\n', Output.Split('\n').Where(static line => line.StartsWith("sync ", StringComparison.Ordinal)).Take(5)) + Errors;

    /// <summary>Ends the recording as a stop of the agent does.</summary>
    public async Task FinishAsync()
    {
        await _stop.CancelAsync();
        await _writing.WaitAsync(TimeSpan.FromSeconds(60)).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    /// <summary>Replays the recording.</summary>
    /// <returns>The exit code.</returns>
    public int Replay(ReplayOptions? options = null)
    {
        using MemoryStream output = new();
        using StringWriter errors = new();
        CommandStreams streams = new(static () => Stream.Null, () => output, errors, IsOutputOnTerminal: false, AreErrorsOnTerminal: false);
        int code = new ReplayCommand(streams, TimeProvider.System).RunAsync(options ?? new ReplayOptions { Path = Path }).GetAwaiter().GetResult();
        Output = System.Text.Encoding.UTF8.GetString(output.ToArray());
        Errors = errors.ToString();
        return code;
    }

    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }
}
