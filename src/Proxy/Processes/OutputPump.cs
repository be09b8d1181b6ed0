using System.Text;

namespace KubeProxySharp.Proxy.Processes;

/// <summary>Reads what a child process writes to its end: keeps the beginning, or splits all of it into lines.</summary>
internal static class OutputPump
{
    /// <summary>No line of a tool's listing is longer; what follows in a longer one is dropped.</summary>
    public const int LongestLine = 64 * 1024;

    private const int BufferSize = 16 * 1024;

    /// <summary>Reads to the end, and keeps no more than a number of bytes.</summary>
    public static async Task<string> KeepAsync(Stream stream, int most)
    {
        byte[] kept = new byte[Math.Min(most, BufferSize)];
        byte[] rest = [];
        int length = 0;
        while (true)
        {
            if (length == kept.Length && kept.Length < most)
            {
                Array.Resize(ref kept, Math.Min(most, kept.Length * 2));
            }

            bool isFull = length == kept.Length;
            if (isFull && rest.Length == 0)
            {
                rest = new byte[BufferSize];
            }

            int read = await stream.ReadAsync(isFull ? rest : kept.AsMemory(length), CancellationToken.None);
            if (read == 0)
            {
                return Encoding.UTF8.GetString(kept, 0, length);
            }

            length += isFull ? 0 : read;
        }
    }

    /// <summary>Reads to the end, and hands over each line.</summary>
    public static async Task SplitAsync(Stream stream, LineHandler lines)
    {
        byte[] buffer = new byte[BufferSize];
        int length = 0;
        bool isTooLong = false;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), CancellationToken.None);
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
