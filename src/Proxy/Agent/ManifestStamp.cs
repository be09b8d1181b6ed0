using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Agent;

/// <summary>What tells one state of the manifest files from another: their names, sizes and times of change.</summary>
/// <param name="Text">The state as text.</param>
internal sealed record ManifestStamp(string Text)
{
    /// <summary>The state now. Symbolic links are followed, so that the swap of a mounted ConfigMap is seen.</summary>
    public static ManifestStamp Of(IEnumerable<string> paths)
    {
        List<string> lines = [];
        foreach (string path in paths)
        {
            lines.AddRange(Expand(path).Select(Line));
        }

        lines.Sort(StringComparer.Ordinal);
        return new(string.Join('\n', lines));
    }

    private static string[] Expand(string path)
    {
        try
        {
            return Directory.Exists(path) ? Directory.GetFiles(path) : [path];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As in Line.
            return [path];
        }
    }

    private static string Line(string file)
    {
        try
        {
            using SafeFileHandle handle = File.OpenHandle(file);
            return $"{file} {RandomAccess.GetLength(handle)} {File.GetLastWriteTimeUtc(handle).Ticks}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // Gone meanwhile, or not a file to be read: reading will tell, this only has to notice when it changes.
            return $"{file} {e.GetType().Name}";
        }
    }
}
