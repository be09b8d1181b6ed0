using KubeProxySharp.Kubernetes.Manifests.Interop;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>Reads manifests from the sources of <c>kubectl -f</c>: files, directories and standard input.</summary>
public static class ManifestFiles
{
    /// <summary>The path that stands for standard input.</summary>
    public const string StandardInput = "-";

    private static readonly string[] s_extensions = [".json", ".yaml", ".yml"];

    /// <summary>Reads all paths into a reader.</summary>
    /// <param name="paths">Files, directories, or <see cref="StandardInput"/>.</param>
    /// <param name="isRecursive">Whether directories are read with what is below them.</param>
    /// <param name="openStandardInput">Opens standard input.</param>
    /// <param name="reader">Receives objects and messages.</param>
    /// <exception cref="IOException">A file cannot be read; the message names it.</exception>
    public static void Read(IEnumerable<string> paths, bool isRecursive, Func<Stream> openStandardInput, ManifestReader reader)
    {
        foreach (string path in paths)
        {
            if (string.Equals(path, StandardInput, StringComparison.Ordinal))
            {
                using Stream input = openStandardInput();
                reader.Read("stdin", input);
                continue;
            }

            if (!Directory.Exists(path))
            {
                // A FIFO that is named explicitly has a writer.
                using FileStream stream = Open(path);
                reader.Read(path, stream);
                continue;
            }

            foreach (string file in FilesOf(path, isRecursive))
            {
                ReadRegular(file, reader);
            }
        }
    }

    /// <summary>Reads a regular file; for any other file a warning is added to the reader.</summary>
    /// <exception cref="IOException">The file cannot be read; the message names it.</exception>
    public static void ReadRegular(string file, ManifestReader reader)
    {
        using FileStream? stream = RegularFile.TryOpen(file, out string kind);
        if (stream is null)
        {
            reader.Warn(file, $"is a {kind}, not a regular file, and is left out; remove it from the directory");
            return;
        }

        reader.Read(file, stream);
    }

    /// <summary>The files that a path stands for: itself, or the YAML and JSON files of a directory, in order.</summary>
    /// <exception cref="IOException">The directory cannot be read or holds none.</exception>
    public static IReadOnlyList<string> FilesOf(string path, bool isRecursive)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        EnumerationOptions options = new() { RecurseSubdirectories = isRecursive, IgnoreInaccessible = false };
        string[] files = [.. Directory.EnumerateFiles(path, "*", options).Where(file => s_extensions.Contains(Path.GetExtension(file)))];
        Array.Sort(files, StringComparer.Ordinal);
        return files.Length != 0 ? files : throw new IOException($"{path}: holds no .yaml, .yml or .json file{(isRecursive ? "" : "; -R looks into its directories too")}");
    }

    private static FileStream Open(string file)
    {
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new IOException($"{file}: no such file or directory", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"{file}: permission denied", e);
        }
    }
}
