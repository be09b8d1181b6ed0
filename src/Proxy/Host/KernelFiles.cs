using System.Text;

namespace KubeProxySharp.Proxy.Host;

/// <summary>Reads and writes the settings that the kernel has as files below /proc and /sys.</summary>
/// <param name="root">The directory that stands for <c>/</c>.</param>
internal sealed class KernelFiles(string root = "/")
{
    /// <summary>The longest file that is read, in bytes; the kernel's settings are far below.</summary>
    private const int MaxLength = 4096;

    /// <summary>The path of a file.</summary>
    /// <param name="path">The path below the root, without a slash in front.</param>
    public string PathOf(string path) => Path.Combine(root, path);

    public bool Exists(string path) => File.Exists(PathOf(path));

    /// <summary>Reads a file without the blanks around its text.</summary>
    /// <exception cref="IOException">It cannot be read, or is longer than a setting can be.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public string Read(string path)
    {
        Span<byte> content = stackalloc byte[MaxLength];
        using FileStream file = new(PathOf(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        int length = file.ReadAtLeast(content, MaxLength, throwOnEndOfStream: false);
        return length < MaxLength ? Encoding.UTF8.GetString(content[..length]).Trim() : throw new IOException($"{PathOf(path)} has more than {MaxLength} bytes");
    }

    /// <summary>Writes a file that exists, in one call, as the kernel wants it.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be written.</exception>
    public void Write(string path, string text)
    {
        using FileStream file = new(PathOf(path), FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(Encoding.ASCII.GetBytes(text));
    }
}
