using System.Globalization;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Kubernetes.Manifests.Interop;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>
/// Identifies a state of the manifest files. Size and modification time are not enough: a writer may set the time back. The
/// kernel's change time (ctime), which no program can set, and the inode number are compared as well.
/// </summary>
/// <param name="Text">The state of all files as text.</param>
internal sealed record ManifestStamp(string Text)
{
    /// <summary>The state now. Symbolic links are followed, so that the swap of a mounted ConfigMap is seen.</summary>
    public static ManifestStamp Of(IEnumerable<string> paths)
    {
        List<string> lines = [];
        foreach (string path in paths)
        {
            lines.AddRange(Expand(path).Select(static file => file + " " + OfFile(file)));
        }

        lines.Sort(StringComparer.Ordinal);
        return new(string.Join('\n', lines));
    }

    /// <summary>The state of one file. The file is not opened: that may block for ever.</summary>
    public static string OfFile(string file) => RegularFile.Status(file, out string error) is { } status
        ? string.Create(CultureInfo.InvariantCulture, $"{status.Device}:{status.Inode} {status.Mode} {status.Size} {status.Modified} {status.Changed}")
        : error; // the file has gone: reading reports that, this only has to detect a change

    /// <summary>The files that are read: a log or a temporary file beside them is no change.</summary>
    private static IReadOnlyList<string> Expand(string path)
    {
        try
        {
            return ManifestFiles.FilesOf(path, isRecursive: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As in OfFile.
            return [path];
        }
    }
}
