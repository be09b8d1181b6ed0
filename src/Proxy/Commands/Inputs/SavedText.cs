using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>
/// The text of a file in UTF-8, whatever a shell, an editor or a support bundle made of it: gzip is unpacked, UTF-16 (of
/// PowerShell) is converted, and a byte order mark is left out.
/// </summary>
internal static class SavedText
{
    /// <summary>The longest text: ten times the rules of a cluster with 100,000 endpoints.</summary>
    public const int MostBytes = 512 * 1024 * 1024;

    /// <summary>The path that stands for standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>A header of 10 bytes, and a trailer of 8.</summary>
    private const int ShortestGzip = 18;

    private const int FirstBuffer = 64 * 1024;

    /// <summary>The beginnings of archives and of compressed files that are not unpacked here, and the tools that do.</summary>
    private static readonly (byte[] Beginning, string Name, string Tool)[] s_packed =
    [
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "xz", "xz -d"),
        ([0x28, 0xb5, 0x2f, 0xfd], "zstd", "zstd -d"),
        ([0x42, 0x5a, 0x68], "bzip2", "bzip2 -d"),
        ([0x50, 0x4b, 0x03, 0x04], "zip", "unzip"),
    ];

    /// <summary>What a file is called in messages.</summary>
    public static string NameOf(string path) => path == StandardInput ? "stdin" : path;

    /// <summary>Reads a whole file, or standard input.</summary>
    /// <param name="path">The file, or <see cref="StandardInput"/>.</param>
    /// <param name="openInput">Opens standard input.</param>
    /// <param name="mostBytes">The longest text, packed or not, in bytes.</param>
    /// <exception cref="InputException">It is too long, or not text.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] Read(string path, Func<Stream> openInput, int mostBytes = MostBytes)
    {
        using Stream stream = Open(path, openInput);
        byte[] content = ReadAll(stream, path, "is", mostBytes);
        if (content.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]))
        {
            content = Unpack(content, path, mostBytes);
        }

        return Decode(content, path);
    }

    /// <summary>Reads the first bytes of a file as <see cref="Read"/> would, as far as they show what it is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="length">How many bytes at most.</param>
    public static byte[] ReadBeginning(string path, int length)
    {
        using Stream stream = Open(path, static () => Stream.Null);
        byte[] start = new byte[length];
        start = start[..stream.ReadAtLeast(start, length, throwOnEndOfStream: false)];
        if (start.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]))
        {
            start = UnpackBeginning(start, length);
        }

        // A character that is cut off at the end does not matter.
        return EncodingOf(start) is { } encoding ? Encoding.UTF8.GetBytes(encoding.GetString(WithoutMark(start, encoding))) : [.. WithoutMark(start, Encoding.UTF8)];
    }

    private static Stream Open(string path, Func<Stream> openInput)
    {
        if (path == StandardInput)
        {
            return openInput();
        }

        return Directory.Exists(path)
            ? throw new InputException($"{path}: is a directory; give files")
            : File.OpenRead(path);
    }

    private static byte[] ReadAll(Stream stream, string path, string verb, int mostBytes)
    {
        byte[] content = new byte[stream.CanSeek ? Math.Min(Math.Max(stream.Length, 0), mostBytes) + 1 : FirstBuffer];
        int length = 0;
        while (true)
        {
            int read = stream.Read(content, length, content.Length - length);
            length += read;
            if (length > mostBytes)
            {
                throw new InputException($"{NameOf(path)}: {verb} longer than {mostBytes >> 20} MB; give the rules of one node");
            }

            if (read == 0)
            {
                return content[..length];
            }

            if (length == content.Length)
            {
                Array.Resize(ref content, (int)Math.Min(2L * length, mostBytes + 1L));
            }
        }
    }

    private static byte[] Unpack(byte[] packed, string path, int mostBytes)
    {
        try
        {
            using GZipStream stream = new(new MemoryStream(packed), CompressionMode.Decompress);
            byte[] content = ReadAll(stream, path, "unpacked it is", mostBytes);

            // The last four bytes are the length (RFC 1952, 2.3.1), of the last member if there are several; the stream just ends where data is cut off.
            bool isWhole = packed.Length >= ShortestGzip && BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(^4..)) <= content.Length;
            return isWhole ? content : throw new InputException($"{NameOf(path)}: is not whole gzip data: it is cut off");
        }
        catch (InvalidDataException e)
        {
            throw new InputException($"{NameOf(path)}: is not whole gzip data: {e.Message}");
        }
    }

    private static byte[] UnpackBeginning(byte[] packed, int length)
    {
        byte[] start = new byte[length];
        int read = 0;
        try
        {
            using GZipStream stream = new(new MemoryStream(packed), CompressionMode.Decompress);
            for (int more = 1; more > 0 && read < length; read += more)
            {
                more = stream.Read(start, read, length - read);
            }
        }
        catch (InvalidDataException)
        {
            // It was cut off; whoever reads all of it will say what is wrong.
        }

        return start[..read];
    }

    private static byte[] Decode(byte[] content, string path)
    {
        foreach ((byte[] beginning, string name, string tool) in s_packed)
        {
            if (content.AsSpan().StartsWith(beginning))
            {
                throw new InputException($"{NameOf(path)}: is compressed by {name}; unpack it first ({tool})");
            }
        }

        if (EncodingOf(content) is { } encoding)
        {
            try
            {
                content = Encoding.UTF8.GetBytes(encoding.GetString(WithoutMark(content, encoding)));
            }
            catch (DecoderFallbackException)
            {
                throw new InputException($"{NameOf(path)}: is not whole UTF-16 text");
            }
        }

        ReadOnlySpan<byte> text = WithoutMark(content, Encoding.UTF8);
        return text.IndexOf((byte)0) >= 0
            ? throw new InputException($"{NameOf(path)}: is not text")
            : text.Length == content.Length ? content : text.ToArray();
    }

    /// <summary>UTF-16, by its mark or by every other byte being zero; null for anything else.</summary>
    private static UnicodeEncoding? EncodingOf(ReadOnlySpan<byte> content)
    {
        if (content.Length < 2)
        {
            return null;
        }

        bool isLittle = content.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]) || (content[0] != 0 && content[1] == 0);
        bool isBig = content.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]) || (content[0] == 0 && content[1] != 0);
        return isLittle || isBig ? new UnicodeEncoding(bigEndian: isBig, byteOrderMark: true, throwOnInvalidBytes: true) : null;
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> content, Encoding encoding)
    {
        ReadOnlySpan<byte> mark = encoding.Preamble;
        return content.StartsWith(mark) ? content[mark.Length..] : content;
    }
}
