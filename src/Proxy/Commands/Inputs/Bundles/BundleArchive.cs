using System.Formats.Tar;
using System.IO.Compression;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Commands.Inputs.Bundles;

/// <summary>Support bundles as archives: tar (POSIX.1-1988) packed by gzip.</summary>
internal static class BundleArchive
{
    /// <summary>The most bytes of an archive, unpacked.</summary>
    private const long MostBytes = 1L << 31;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes an archive.</summary>
    /// <param name="bundle">What is in it.</param>
    /// <param name="output">Where it goes; stays open.</param>
    public static void Write(BundleContents bundle, Stream output)
    {
        using GZipStream packed = new(output, CompressionLevel.Optimal, leaveOpen: true);
        using TarWriter tar = new(packed, TarEntryFormat.Ustar);
        foreach (BundlePart part in BundlePart.All)
        {
            byte[]? content = part == BundlePart.Manifest ? bundle.Manifest.ToJson() : bundle[part];
            if (content is not null)
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, BundlePart.Root + part.Name)
                {
                    Mode = OwnerOnly,
                    ModificationTime = bundle.Manifest.Time,
                    DataStream = new MemoryStream(content, writable: false),
                });
            }
        }
    }

    /// <summary>
    /// Reads an archive, which may be from anywhere: only regular files of the fixed names are read, each up to its limit, and nothing
    /// is written anywhere.
    /// </summary>
    /// <param name="name">What the archive is called, for messages.</param>
    /// <param name="input">The archive.</param>
    /// <param name="ignored">Receives the names of files that are not part of a bundle.</param>
    /// <exception cref="InputException">It is no bundle, or a file of it is longer than it may be.</exception>
    public static BundleContents Read(string name, Stream input, ICollection<string> ignored)
    {
        Dictionary<BundlePart, byte[]> files = [];
        try
        {
            using GZipStream packed = new(input, CompressionMode.Decompress, leaveOpen: true);
            using TarReader tar = new(new LimitedStream(packed), leaveOpen: true);
            while (tar.GetNextEntry() is { } entry)
            {
                if (BundlePart.Find(entry.Name) is not { } part || entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                {
                    if (entry.EntryType != TarEntryType.Directory && ignored.Count < 100)
                    {
                        ignored.Add(entry.Name);
                    }
                }
                else if (!files.TryAdd(part, ReadContent(name, part, entry)))
                {
                    throw new InputException($"--bundle {name}: has {part.Name} twice; make the bundle again");
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or OverflowException or InvalidOperationException or ArgumentException)
        {
            throw new InputException($"--bundle {name}: is not a whole .tar.gz file that kube-proxy-sharp bundle made: {e.Message}");
        }

        if (!files.Remove(BundlePart.Manifest, out byte[]? manifest))
        {
            throw new InputException($"--bundle {name}: has no {BundlePart.Root}{BundlePart.Manifest.Name}; give a file that kube-proxy-sharp bundle made");
        }

        return new(BundleManifest.Read(name, manifest), files);
    }

    private static byte[] ReadContent(string name, BundlePart part, TarEntry entry)
    {
        if (entry.Length > part.MostBytes)
        {
            throw new InputException($"--bundle {name}: its {part.Name} is longer than {part.MostBytes >> 20} MB, which no bundle of this program is");
        }

        byte[] content = new byte[entry.Length];
        entry.DataStream?.ReadExactly(content);
        return content;
    }

    /// <summary>Ends with an error after a number of bytes: a small gzip file can unpack to any length.</summary>
    private sealed class LimitedStream(Stream inner) : Stream
    {
        private long _left = MostBytes;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int read = inner.Read(buffer);
            _left -= read;
            return _left >= 0 ? read : throw new InvalidDataException($"unpacked it is longer than {MostBytes >> 20} MB");
        }

        public override void Flush()
        {
            // Nothing is written.
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
