using KubeProxySharp.Kubernetes.Manifests.Interop;
using KubeProxySharp.RuleModel.Addresses;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Recording;

/// <summary>
/// Writes a recording to a file, in a task of its own: a slow disk delays no sync. A recording that cannot be written ends, and the agent
/// goes on.
/// </summary>
/// <param name="path">The file; a recording that it has is kept beside it, with the suffix <see cref="OldSuffix"/>.</param>
/// <param name="limit">The largest size of the file, in bytes.</param>
/// <param name="start">The first entry.</param>
/// <param name="recorder">Has the entries.</param>
/// <param name="log">The log.</param>
internal sealed partial class RecordingFile(string path, long limit, RecordedStart start, SyncRecorder recorder, ILogger log)
{
    /// <summary>The suffix of the file that keeps the recording before.</summary>
    public const string OldSuffix = ".old";

    /// <summary>Room that is left for the last entry, in bytes.</summary>
    private const int RoomForEnd = 256;

    /// <summary>Services of one entry; more come into the next one.</summary>
    private const int MostServices = 1000;

    /// <summary>Syncs that may wait while the digests of one are computed; of those before them only the objects are recorded.</summary>
    private const int MostWaitingSyncs = 8;

    private readonly EntryJsonWriter _json = new();
    private readonly List<QueuedEntry> _operations = [];
    private bool _hasRun;
    private bool _isFull;
    private long _length;

    /// <summary>Writes until it is cancelled, then the last entry.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        if (!_hasRun)
        {
            _hasRun = true;
            try
            {
                await WriteAsync(stop);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(path, e.Message);
            }
            finally
            {
                recorder.End();
                while (recorder.Queue.TryRead(out _))
                {
                    // Nothing is kept that is not written.
                }
            }
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, stop);
    }

    private async Task WriteAsync(CancellationToken stop)
    {
        await using FileStream file = Open();
        Write(file, start);
        await file.FlushAsync(CancellationToken.None);
        LogStarted(path, limit / (1024 * 1024));
        try
        {
            while (!_isFull && await recorder.Queue.WaitToReadAsync(stop))
            {
                WriteWaiting(file);
                await file.FlushAsync(CancellationToken.None);
            }
        }
        catch (OperationCanceledException)
        {
            WriteWaiting(file); // of the last syncs
        }

        string reason = _isFull ? "the limit of the recording is reached" : recorder.IsOverrun ? "more came than could be written" : "the agent stopped";
        file.Write(_json.Encode(new RecordedEnd(reason)));
        if (_isFull || recorder.IsOverrun)
        {
            LogEnded(path, reason);
        }
    }

    private FileStream Open()
    {
        if (File.Exists(path))
        {
            if (RecordingReader.IsRecording(path))
            {
                File.Move(path, path + OldSuffix, overwrite: true);
            }
            else if (IsEmpty(path))
            {
                File.Delete(path); // of an agent that was killed before it wrote anything; the one before that may be beside it
            }
            else
            {
                throw new IOException("the file exists and is not a recording; give another one, or remove it");
            }
        }

        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 64 * 1024 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new(path, options);
    }

    /// <summary>Whether a path is a regular file, not a link to one, without content.</summary>
    private static bool IsEmpty(string path) => new FileInfo(path).LinkTarget is null && RegularFile.Status(path, out _) is { IsRegular: true, Size: 0 };

    private void WriteWaiting(FileStream file)
    {
        while (!_isFull && recorder.Queue.TryRead(out QueuedEntry queued))
        {
            if (_operations.Count != 0 && !IsSameOperation(queued))
            {
                WriteOperations(file);
            }

            if (queued.Entry is RecordedOperation)
            {
                _operations.Add(queued);
            }
            else
            {
                Write(file, queued.Rules is null ? queued.Entry : WithDigests(queued));
            }

            recorder.Written(queued);
        }

        WriteOperations(file);
    }

    private bool IsSameOperation(in QueuedEntry queued) =>
        _operations.Count < MostServices && queued.Entry is RecordedOperation { Services.Length: 1 } next && ((RecordedOperation)_operations[0].Entry) is { Services.Length: 1 } first && first.Operation == next.Operation;

    /// <summary>Writes operations of one kind, one for each Service, as one entry.</summary>
    private void WriteOperations(FileStream file)
    {
        if (_operations.Count != 0)
        {
            RecordedOperation first = (RecordedOperation)_operations[0].Entry;
            Write(file, first with { Services = [.. _operations.SelectMany(static each => ((RecordedOperation)each.Entry).Services.AsSpan().ToArray())] });
            _operations.Clear();
        }
    }

    private RecordedSync WithDigests(in QueuedEntry queued)
    {
        RecordedSync sync = (RecordedSync)queued.Entry;
        if (recorder.WaitingSyncs > MostWaitingSyncs)
        {
            return sync;
        }

        List<RecordedDigest> digests = [];
        foreach (IpFamily family in start.Families)
        {
            digests.Add(RenderedText.Digest(queued.Rules![family], start.Mode)); // a sync has rules
        }

        return sync with { Digests = [.. digests] };
    }

    private void Write(FileStream file, RecordedEntry entry)
    {
        ReadOnlySpan<byte> line = _json.Encode(entry);
        if (_isFull || _length + line.Length > limit - RoomForEnd)
        {
            _isFull = true;
            return;
        }

        file.Write(line);
        _length += line.Length;
    }

    [LoggerMessage(EventId = 5100, Level = LogLevel.Information, Message = "Recording what the rules follow from to {Path}, at most {Limit} MiB")]
    private partial void LogStarted(string path, long limit);

    [LoggerMessage(EventId = 5101, Level = LogLevel.Warning, Message = "The recording {Path} ends: {Reason}; the agent goes on")]
    private partial void LogEnded(string path, string reason);

    [LoggerMessage(EventId = 5102, Level = LogLevel.Error, Message = "--record: {Path} cannot be written, and there is no recording from here on: {Error}")]
    private partial void LogFailed(string path, string error);
}
