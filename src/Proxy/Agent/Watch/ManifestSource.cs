using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>
/// Feeds the agent from manifests instead of an API server, and watches them. Input with an error is reported and the last
/// good state kept: a partial input would remove rules.
/// </summary>
/// <param name="paths">Files and directories.</param>
/// <param name="feed">Receives the objects.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
/// <param name="settleTime">How long a file that lost most of its objects must stay unchanged before it is used.</param>
/// <param name="stalled">Called with a description of a read that does not end, and with an empty text when it has ended.</param>
internal sealed partial class ManifestSource(IReadOnlyList<string> paths, ClusterFeed feed, ILogger log, TimeProvider time, TimeSpan settleTime, Action<string> stalled)
{
    /// <summary>
    /// How often the files are checked. A change is read when two checks in a row have seen it, so that a file that is being
    /// written is not taken for one that was truncated.
    /// </summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    private readonly SettlingManifest _settling = new(settleTime, time);
    private readonly SlowRead _slowRead = new(stalled, log, time);
    private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);
    private ManifestObjects _known = new();

    /// <summary>The number of objects of each file in the state that is in use.</summary>
    private Dictionary<string, int> _counts = [];

    private ManifestStamp? _read;
    private ManifestStamp? _seen;

    /// <summary>The file or files being read, for the report of a read that does not end.</summary>
    private volatile string _current = "";

    /// <summary>The Node of a name, as the manifests have it now; null if they have none or cannot be read.</summary>
    public static Node? ReadNode(IReadOnlyList<string> paths, string name)
    {
        ManifestReader reader = new();
        try
        {
            foreach (string file in paths.SelectMany(static path => ManifestFiles.FilesOf(path, isRecursive: false)))
            {
                ManifestFiles.ReadRegular(file, reader);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // RunAsync reports it.
            return null;
        }

        return reader.Objects.Nodes.GetValueOrDefault(name);
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            // On a separate thread: a file system that does not answer must not block the agent.
            await _slowRead.WaitAsync(Task.Run(Poll, CancellationToken.None), () => _current, cancellation);
            await Task.Delay(PollInterval, time, cancellation);
        }
    }

    private void Poll()
    {
        _current = string.Join(", ", paths);
        ManifestStamp stamp = ManifestStamp.Of(paths);
        bool isDue = _waiting.Count != 0 && _waiting.All(file => _settling.HasSettled(file, ManifestStamp.OfFile(file)));
        if ((stamp != _read || isDue) && (stamp == _seen || _read is null))
        {
            Load();
            _read = stamp;
        }

        _seen = stamp;
    }

    private void Load()
    {
        ManifestReader reader = new();
        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        try
        {
            foreach (string file in paths.SelectMany(static path => ManifestFiles.FilesOf(path, isRecursive: false)))
            {
                _current = file;
                int before = reader.Objects.Count;
                ManifestFiles.ReadRegular(file, reader);
                counts[file] = reader.Objects.Count - before;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(e.Message);
            return;
        }

        foreach (ManifestMessage message in reader.Messages)
        {
            LogMessage(message.ToString());
        }

        if (reader.ErrorCount != 0)
        {
            LogKept(reader.ErrorCount);
            return;
        }

        if (IsBeingWritten(counts))
        {
            return;
        }

        lock (feed.BatchLock)
        {
            Put(reader.Objects);
        }

        _counts = counts;
        LogRead(reader.Objects.Services.Count, reader.Objects.EndpointSlices.Count);
    }

    /// <summary>Whether a file lost so many objects that it may be in the middle of a write. A file that is gone was removed.</summary>
    private bool IsBeingWritten(Dictionary<string, int> counts)
    {
        _waiting.Clear();
        foreach ((string file, int now) in counts)
        {
            int before = _counts.GetValueOrDefault(file);
            if (!SettlingManifest.LostMost(before, now))
            {
                _settling.Forget(file);
            }
            else if (!_settling.HasSettled(file, ManifestStamp.OfFile(file)))
            {
                _waiting.Add(file);
                LogBeingWritten(file, before - now, before, _settling.SettleTime.TotalSeconds);
            }
            else
            {
                _settling.Forget(file);
                LogSettled(file, now, before, _settling.SettleTime.TotalSeconds);
            }
        }

        return _waiting.Count != 0;
    }

    private void Put(ManifestObjects objects)
    {
        Put(_known.Nodes.Keys.Select(static name => new NamespacedName("", name)), objects.Nodes.Values, static node => new("", node.Name), feed.Nodes);
        Put(_known.ServiceCidrs.Keys.Select(static name => new NamespacedName("", name)), objects.ServiceCidrs.Values, static cidr => new("", cidr.Name), feed.ServiceCidrs);
        Put(_known.Services.Keys, objects.Services.Values, static service => service.Name, feed.Services);
        Put(_known.EndpointSlices.Keys, objects.EndpointSlices.Values, static slice => slice.Name, feed.EndpointSlices);
        _known = objects;
    }

    private static void Put<T>(IEnumerable<NamespacedName> known, IReadOnlyCollection<T> objects, Func<T, NamespacedName> nameOf, PendingObjects<T> pending)
        where T : class
    {
        HashSet<NamespacedName> gone = [.. known];
        foreach (T value in objects)
        {
            gone.Remove(nameOf(value));
            pending.Put(value);
        }

        foreach (NamespacedName name in gone)
        {
            pending.Remove(name);
        }

        pending.Listed();
    }

    [LoggerMessage(EventId = 5071, Level = LogLevel.Error, Message = "Manifests cannot be read; the last good state is kept: {Reason}")]
    private partial void LogUnreadable(string reason);

    [LoggerMessage(EventId = 5072, Level = LogLevel.Error, Message = "Manifests have {Errors} errors; the last good state is kept")]
    private partial void LogKept(int errors);

    [LoggerMessage(EventId = 5073, Level = LogLevel.Warning, Message = "{Text}")]
    private partial void LogMessage(string text);

    [LoggerMessage(EventId = 5074, Level = LogLevel.Warning, Message = "{File} lost {Lost} of its {Before} objects and may still be being written: the last good state is kept until the file is complete or has not changed for {Seconds} s")]
    private partial void LogBeingWritten(string file, int lost, int before, double seconds);

    [LoggerMessage(EventId = 5075, Level = LogLevel.Warning, Message = "{File} has not changed for {Seconds} s; it is used with {Now} objects instead of {Before}")]
    private partial void LogSettled(string file, int now, int before, double seconds);

    [LoggerMessage(EventId = 5076, Level = LogLevel.Information, Message = "Read manifests: {Services} Services, {EndpointSlices} EndpointSlices")]
    private partial void LogRead(int services, int endpointSlices);
}
