using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent;

/// <summary>
/// Feeds the agent from manifests instead of an API server, and watches them. Input with an error is reported and the last
/// good state kept: half of an input would take rules away.
/// </summary>
/// <param name="paths">Files and directories.</param>
/// <param name="feed">Receives the objects.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
internal sealed partial class ManifestSource(IReadOnlyList<string> paths, ClusterFeed feed, ILogger log, TimeProvider time)
{
    /// <summary>
    /// How often the files are looked at. A change is read when it was seen twice, so that a file that is just being
    /// written is not taken for one that lost its end.
    /// </summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    private ManifestObjects _known = new();

    /// <summary>The Node of a name, as the manifests have it now; null if they have none or cannot be read.</summary>
    public static Node? ReadNode(IReadOnlyList<string> paths, string name)
    {
        ManifestReader reader = new();
        try
        {
            ManifestFiles.Read(paths, isRecursive: false, static () => Stream.Null, reader);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The source itself reports it.
            return null;
        }

        return reader.Objects.Nodes.GetValueOrDefault(name);
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        ManifestStamp? read = null;
        ManifestStamp? seen = null;
        while (true)
        {
            ManifestStamp stamp = ManifestStamp.Of(paths);
            if (stamp != read && (stamp == seen || read is null))
            {
                Load();
                read = stamp;
            }

            seen = stamp;
            await Task.Delay(PollInterval, time, cancellation);
        }
    }

    private void Load()
    {
        ManifestReader reader = new();
        try
        {
            ManifestFiles.Read(paths, isRecursive: false, static () => Stream.Null, reader);
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

        lock (feed.Together)
        {
            Put(reader.Objects);
        }

        LogRead(reader.Objects.Services.Count, reader.Objects.EndpointSlices.Count);
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

    [LoggerMessage(Level = LogLevel.Error, Message = "Manifests cannot be read; the last good state is kept: {Reason}")]
    private partial void LogUnreadable(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Manifests have {Errors} errors; the last good state is kept")]
    private partial void LogKept(int errors);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Text}")]
    private partial void LogMessage(string text);

    [LoggerMessage(Level = LogLevel.Information, Message = "Read manifests: {Services} Services, {EndpointSlices} EndpointSlices")]
    private partial void LogRead(int services, int endpointSlices);
}
