using System.Globalization;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Kubernetes.Manifests.Interop;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>
/// What tells one state of the manifest files from another. Size and time of change are not enough: a writer may set the
/// time back. The kernel's own time of change, which nobody can set, and the number of the file are looked at as well.
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

    /// <summary>The state of one file. It is not opened: that may wait for ever.</summary>
    public static string OfFile(string file) => RegularFile.Status(file, out string error) is { } status
        ? string.Create(CultureInfo.InvariantCulture, $"{status.Device}:{status.Inode} {status.Mode} {status.Size} {status.Modified} {status.Changed}")
        : error; // gone meanwhile: reading will tell, this only has to notice when it changes

    /// <summary>Only what is read: a log or a temporary file beside it is no change.</summary>
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
