using System.Runtime.Versioning;
using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.Proxy.Tests.Agent.Host;
using KubeProxySharp.Proxy.Tests.Commands.Replay;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Tests.Agent.Recording;

public sealed class RecordingFileTests
{
    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task OnlyItsOwnerReadsIt()
    {
        await using RecordingUnderTest recording = new("nftables", Nodes.Proxy);
        await recording.FinishAsync();

        File.GetUnixFileMode(recording.Path).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>At the limit the recording ends with whole lines, and the loop goes on as if nothing was recorded.</summary>
    [Fact]
    public async Task ItEndsAtTheLimit()
    {
        const int Limit = 20_000;
        NotedLog log = new();
        await using RecordingUnderTest recording = new("nftables", Nodes.Proxy, Limit, log);
        RecordedRun run = new(recording.Recorder, Nodes.Proxy);
        RandomCluster cluster = new(3);
        run.Feed.Nodes.Put(Nodes.NodeA);
        for (int sync = 0; sync < 200; sync++)
        {
            run.Change(cluster, 5);
            run.Sync();
        }

        await recording.FinishAsync();

        new FileInfo(recording.Path).Length.Should().BeLessThanOrEqualTo(Limit).And.BeGreaterThan(Limit / 2);
        (await File.ReadAllLinesAsync(recording.Path))[^1].Should().Contain("\"kind\":\"End\"").And.Contain("limit");
        recording.Recorder.Queue.TryRead(out _).Should().BeFalse("nothing is kept that is not written");
        log.Lines.Should().Contain(line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("the limit of the recording is reached", StringComparison.Ordinal));
        recording.Replay().Should().Be(0, recording.Report);
    }

    [Fact]
    public async Task ItEndsWhenMoreComesThanCanWait()
    {
        SyncRecorder recorder = new(TimeProvider.System, mostWaiting: 5);
        RecordedRun run = new(recorder, Nodes.Proxy);
        run.Change(new RandomCluster(3), 50);
        run.Sync();
        await using RecordingUnderTest recording = new("nftables", Nodes.Proxy, recorder: recorder);
        await recording.FinishAsync();

        recorder.IsOverrun.Should().BeTrue();
        (await File.ReadAllLinesAsync(recording.Path))[^1].Should().Contain("more came than could be written");
    }

    [Fact]
    public async Task AnEarlierRecordingIsKept()
    {
        await using RecordingUnderTest recording = new("nftables", Nodes.Proxy);
        await recording.FinishAsync();
        string before = await File.ReadAllTextAsync(recording.Path);
        using CancellationTokenSource stop = new();
        RecordingFile second = new(recording.Path, 1 << 20, new(DateTimeOffset.UnixEpoch, "second", "iptables", [IpFamily.IPv4], Nodes.Proxy), new(TimeProvider.System), new NotedLog());
        Task writing = second.RunAsync(stop.Token);
        await stop.CancelAsync();
        await writing.ContinueWith(static _ => { }, TaskScheduler.Default);

        (await File.ReadAllTextAsync(recording.Path + RecordingFile.OldSuffix)).Should().Be(before);
        (await File.ReadAllTextAsync(recording.Path)).Should().Contain("second");
    }

    /// <summary>An agent that is killed before it wrote anything leaves an empty file, and the recording before that beside it.</summary>
    [Fact]
    public async Task AnEmptyFileIsReplaced()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("kps-recording-");
        try
        {
            string path = Path.Combine(directory.FullName, "recording");
            string link = Path.Combine(directory.FullName, "link");
            await File.WriteAllTextAsync(path, "");
            await File.WriteAllTextAsync(path + RecordingFile.OldSuffix, "before");
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "empty"), "");
            File.CreateSymbolicLink(link, "empty");

            await RecordNothingAsync(path);
            string[] ofLink = await RecordNothingAsync(link);

            (await File.ReadAllTextAsync(path)).Should().Contain("\"kind\":\"End\"");
            (await File.ReadAllTextAsync(path + RecordingFile.OldSuffix)).Should().Be("before");
            ofLink.Should().ContainSingle(line => line.StartsWith("Error", StringComparison.Ordinal));
            new FileInfo(link).LinkTarget.Should().Be("empty");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<string[]> RecordNothingAsync(string path)
    {
        NotedLog log = new();
        using CancellationTokenSource stop = new();
        RecordedStart start = new(DateTimeOffset.UnixEpoch, "x", "iptables", [IpFamily.IPv4], Nodes.Proxy);
        Task writing = new RecordingFile(path, 1 << 20, start, new(TimeProvider.System), log).RunAsync(stop.Token);
        await stop.CancelAsync();
        await writing.ContinueWith(static _ => { }, TaskScheduler.Default);
        return log.Lines;
    }

    /// <summary>A path that was mistyped must not cost a file, and a device must stay one.</summary>
    [Fact]
    public async Task AnotherFileIsLeftAlone()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("kps-recording-");
        try
        {
            string path = Path.Combine(directory.FullName, "config.conf");
            string content = new('x', 200);
            await File.WriteAllTextAsync(path, content);
            foreach (string target in (string[])[path, "/dev/null", Path.Combine(directory.FullName, "no", "such", "directory")])
            {
                NotedLog log = new();
                using CancellationTokenSource stop = new();
                SyncRecorder recorder = new(TimeProvider.System);
                Task writing = new RecordingFile(target, 1 << 20, new(DateTimeOffset.UnixEpoch, "x", "iptables", [IpFamily.IPv4], Nodes.Proxy), recorder, log).RunAsync(stop.Token);

                recorder.Node(Nodes.NodeA);
                await stop.CancelAsync();
                await writing.ContinueWith(static _ => { }, TaskScheduler.Default);
                log.Lines.Should().ContainSingle(line => line.StartsWith("Error", StringComparison.Ordinal));
                recorder.Queue.TryRead(out _).Should().BeFalse();
            }

            (await File.ReadAllTextAsync(path)).Should().Be(content);
            File.Exists(path + RecordingFile.OldSuffix).Should().BeFalse();
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private sealed class NotedLog : ILogger
    {
        private readonly List<string> _lines = [];

        public string[] Lines
        {
            get
            {
                lock (_lines)
                {
                    return [.. _lines];
                }
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lines)
            {
                _lines.Add($"{logLevel} {formatter(state, exception)}");
            }
        }
    }
}
