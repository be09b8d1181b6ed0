using CliWrap;

namespace KubeProxySharp.Proxy.Host;

/// <summary>Splits the output of a child process into lines of bytes, without decoding them.</summary>
/// <param name="lines">Takes each.</param>
internal sealed class OutputLines(LineHandler lines) : PipeTarget
{
    /// <summary>The longest line of a tool's listing, in bytes; the rest of a longer one is dropped.</summary>
    public const int LongestLine = 64 * 1024;

    private const int BufferSize = 16 * 1024;

    /// <inheritdoc/>
    public override async Task CopyFromAsync(Stream origin, CancellationToken cancellationToken = default)
    {
        byte[] buffer = new byte[BufferSize];
        int length = 0;
        bool isTooLong = false;
        while (true)
        {
            int read = await origin.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                break;
            }

            length += read;
            int start = 0;
            int end;
            while ((end = buffer.AsSpan(start, length - start).IndexOf((byte)'\n')) >= 0)
            {
                if (!isTooLong)
                {
                    lines(buffer.AsSpan(start, end));
                }

                isTooLong = false;
                start += end + 1;
            }

            length -= start;
            buffer.AsSpan(start, length).CopyTo(buffer);
            if (length < buffer.Length)
            {
                continue;
            }

            if (buffer.Length < LongestLine)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
                continue;
            }

            if (!isTooLong)
            {
                lines(buffer);
            }

            isTooLong = true;
            length = 0;
        }

        if (length != 0 && !isTooLong)
        {
            lines(buffer.AsSpan(0, length));
        }
    }
}

/// <summary>Takes one line of a tool's output, without its end.</summary>
internal delegate void LineHandler(ReadOnlySpan<byte> line);
