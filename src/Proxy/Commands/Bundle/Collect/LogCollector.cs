using System.Globalization;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Commands.Bundle.Collect;

/// <summary>Collects the end of the agent's log: a file that was named, else that of its Pod (kubelet), else its journal.</summary>
/// <param name="collection">Receives it.</param>
internal sealed class LogCollector(Collection collection)
{
    private const string PodLogs = "/var/log/pods";
    private const int MostLines = 20_000;

    /// <summary>Collects.</summary>
    /// <param name="path">The file; null to find it.</param>
    /// <param name="stop">Ends it.</param>
    public async Task CollectAsync(string? path, CancellationToken stop)
    {
        path ??= FindPodLog();
        if (path is not null)
        {
            AddTail(path);
            return;
        }

        string unit = File.Exists("/etc/systemd/system/kube-proxy-sharp.service") ? "kube-proxy-sharp" : "kube-proxy";
        string lines = MostLines.ToString(CultureInfo.InvariantCulture);
        string reason = $"no log was found in {PodLogs}, and the journal of {unit}.service is empty; name the file with --log";
        if (ToolPath.Find("journalctl") is null)
        {
            collection.Miss(BundlePart.Log, $"no log was found in {PodLogs}, and there is no journalctl; name the file with --log");
            return;
        }

        await collection.AddOutputAsync(BundlePart.Log, reason, [new("journalctl", "-u", unit, "-n", lines, "--no-pager", "-q", "-o", "short-iso")], stop);
    }

    /// <summary>The newest log of a container of a kube-proxy: <c>/var/log/pods/NAMESPACE_POD_UID/CONTAINER/N.log</c>.</summary>
    private static string? FindPodLog()
    {
        try
        {
            return Directory.Exists(PodLogs)
                ? Directory.EnumerateDirectories(PodLogs, "*_kube-proxy*")
                    .SelectMany(static pod => Directory.EnumerateFiles(pod, "*.log", SearchOption.AllDirectories))
                    .OrderByDescending(File.GetLastWriteTimeUtc)
                    .FirstOrDefault()
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void AddTail(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (!file.CanSeek)
            {
                collection.Miss(BundlePart.Log, $"{path}: is a pipe; save it to a file first");
                return;
            }

            long skipped = Math.Max(0, file.Length - BundlePart.Log.MostBytes);
            file.Seek(skipped, SeekOrigin.Begin);
            byte[] tail = new byte[BundlePart.Log.MostBytes];
            tail = tail[..file.ReadAtLeast(tail, tail.Length, throwOnEndOfStream: false)];
            int first = skipped == 0 ? 0 : tail.AsSpan().IndexOf((byte)'\n') + 1;
            collection.Add(BundlePart.Log, tail[first..], path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            collection.Miss(BundlePart.Log, $"{path}: {e.Message}");
        }
    }
}
