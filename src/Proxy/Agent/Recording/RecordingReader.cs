using System.Buffers;
using System.Text.Json;

namespace KubeProxySharp.Proxy.Agent.Recording;

/// <summary>Reads a recording line by line, of whatever length.</summary>
internal static class RecordingReader
{
    /// <summary>The longest line, in bytes: an object that an API server accepts is far below.</summary>
    private const int MaxLine = 16 * 1024 * 1024;

    private static ReadOnlySpan<byte> Beginning => "{\"apiVersion\":\"recording.kubeproxysharp.io/v1\",\"kind\":\"Recording\""u8;

    /// <summary>Whether a file is a recording, by its first bytes.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static bool IsRecording(string path)
    {
        if (new FileInfo(path).Length < Beginning.Length)
        {
            return false; // devices and pipes have no length, and may block when they are opened
        }

        Span<byte> first = stackalloc byte[Beginning.Length];
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        return file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false) == first.Length && first.SequenceEqual(Beginning);
    }

    /// <summary>Reads the entries, the first of which is a <see cref="RecordedStart"/>.</summary>
    /// <param name="stream">The recording.</param>
    /// <param name="warn">Receives a warning if it ends in the middle of a line, as that of an agent that was killed.</param>
    /// <exception cref="RecordingException">It is not a recording, or damaged; the message has the line.</exception>
    public static IEnumerable<RecordedEntry> Read(Stream stream, Action<string> warn)
    {
        int number = 0;
        foreach ((ReadOnlyMemory<byte> line, bool isWhole) in Lines(stream))
        {
            number++;
            if (!isWhole)
            {
                if (number == 1)
                {
                    throw new RecordingException("line 1: is not a line of a recording, as run --record writes it");
                }

                warn($"line {number}: the recording is cut off in the middle of a line; what comes before is used");
                yield break;
            }

            RecordedEntry entry = Read(line, number);
            if (entry is RecordedStart != (number == 1))
            {
                throw new RecordingException($"line {number}: {(number == 1 ? "a recording begins with an entry of kind Recording" : "a second recording begins; give each in a file of its own")}");
            }

            yield return entry;
        }

        if (number == 0)
        {
            throw new RecordingException("is empty");
        }
    }

    private static RecordedEntry Read(ReadOnlyMemory<byte> line, int number)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return EntryJsonReader.Read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new RecordingException($"line {number}: is not JSON: {e.Message}", e);
        }
        catch (RecordingException e)
        {
            throw new RecordingException($"line {number}: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            // A text with half of a surrogate pair.
            throw new RecordingException($"line {number}: has a text that is not Unicode", e);
        }
    }

    /// <summary>The lines without their ends, each until the next one is asked for; the last one may be cut off.</summary>
    private static IEnumerable<(ReadOnlyMemory<byte> Line, bool IsWhole)> Lines(Stream stream)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        int start = 0, end = 0;
        try
        {
            while (true)
            {
                int length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
                if (length >= 0)
                {
                    yield return (buffer.AsMemory(start, length), true);
                    start += length + 1;
                    continue;
                }

                if (start == 0 && end == buffer.Length)
                {
                    buffer = Grow(buffer);
                }

                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
                int read = stream.Read(buffer, end, buffer.Length - end);
                if (read == 0)
                {
                    break;
                }

                end += read;
            }

            if (end != 0)
            {
                yield return (buffer.AsMemory(0, end), false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Grow(byte[] buffer)
    {
        if (buffer.Length >= MaxLine)
        {
            throw new RecordingException($"has a line of more than {MaxLine / (1024 * 1024)} MiB; it is not a recording");
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}

/// <summary>A recording that cannot be read.</summary>
/// <param name="message">What is wrong; completes a sentence that begins with the file.</param>
/// <param name="inner">The cause, if any.</param>
internal sealed class RecordingException(string message, Exception? inner = null) : Exception(message, inner);
