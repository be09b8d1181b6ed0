namespace KubeProxySharp.Proxy.Host;

/// <summary>Writes a file that a user named.</summary>
internal static class OutputFile
{
    /// <summary>
    /// Writes a file in one step: a reader sees the old content or the new one, never half of it. Of a symbolic link the target is
    /// written. A device, such as <c>/dev/null</c> or <c>/dev/stdout</c>, is written to and never replaced.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="mode">The permissions of a new file; null for what the umask leaves. A device keeps its own.</param>
    /// <param name="overwrite">Whether a file that exists is replaced.</param>
    /// <exception cref="IOException">The file cannot be written, or exists and is not to be replaced.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be written.</exception>
    public static void Write(string path, Action<Stream> write, UnixFileMode? mode = null, bool overwrite = true)
    {
        path = Path.GetFullPath(path);
        bool exists = File.Exists(path);
        if (exists && !overwrite)
        {
            throw new IOException($"{path}: exists");
        }

        string target = exists ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
        if (exists && IsDevice(target))
        {
            using FileStream device = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            write(device);
            return;
        }

        string temporary = $"{target}.{Environment.ProcessId}.tmp";
        try
        {
            FileStreamOptions creation = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (mode is { } permissions && !OperatingSystem.IsWindows())
            {
                creation.UnixCreateMode = permissions;
            }

            using (FileStream file = new(temporary, creation))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Whether a path is in a file system of devices; <c>/dev/shm</c> has ordinary files (shm_overview(7)).</summary>
    private static bool IsDevice(string path) =>
        (path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal)) || path.StartsWith("/proc/", StringComparison.Ordinal);
}
