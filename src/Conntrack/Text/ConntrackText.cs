using System.Buffers;
using System.Globalization;
using System.Text;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Conntrack.Text;

/// <summary>Reads saved listings of <c>conntrack -L</c>, with or without <c>-o extended,id,ktimestamp</c>.</summary>
public static class ConntrackText
{
    /// <summary>The longest line that is read, in bytes; the tool's own are below 600.</summary>
    public const int MaxLineLength = 4096;

    /// <summary>Reads a listing. Empty lines and the tool's closing line ("… flow entries have been shown") are skipped.</summary>
    /// <param name="stream">The listing; it is read to its end and left open.</param>
    /// <exception cref="NetlinkException">A line cannot be read; the message has its number, from 1.</exception>
    public static IEnumerable<ConntrackEntry> Read(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return ReadLines(stream);
    }

    /// <summary>Reads one line.</summary>
    /// <param name="line">The line without its end.</param>
    /// <param name="entry">The flow.</param>
    /// <param name="problem">What is wrong with the line; null if it could be read.</param>
    /// <returns>Whether it could be read.</returns>
    public static bool TryParseLine(ReadOnlySpan<byte> line, out ConntrackEntry entry, out string? problem)
    {
        FlowLine flow = new();
        problem = flow.Read(line);
        entry = problem is null ? flow.ToEntry() : default;
        return problem is null;
    }

    private static IEnumerable<ConntrackEntry> ReadLines(Stream stream)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MaxLineLength + 1);
        try
        {
            int start = 0;
            int end = 0;
            for (int number = 1; TryReadLine(stream, buffer, ref start, ref end, number, out int length); number++)
            {
                int lineStart = start;
                start = Math.Min(end, start + length + 1);
                if (TryParse(buffer.AsSpan(lineStart, length), number, out ConntrackEntry entry))
                {
                    yield return entry;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads until the buffer has a complete line from <paramref name="start"/> on.</summary>
    private static bool TryReadLine(Stream stream, byte[] buffer, ref int start, ref int end, int number, out int length)
    {
        while (true)
        {
            length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                return true;
            }

            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
            if (end > MaxLineLength)
            {
                throw Malformed(number, string.Create(CultureInfo.InvariantCulture, $"it is longer than {MaxLineLength} bytes"));
            }

            int count = stream.Read(buffer, end, buffer.Length - end);
            if (count == 0)
            {
                length = end;
                return end > 0;
            }

            end += count;
        }
    }

    private static bool TryParse(ReadOnlySpan<byte> line, int number, out ConntrackEntry entry)
    {
        ReadOnlySpan<byte> trimmed = line.Trim(" \t\r"u8);
        if (trimmed.IsEmpty || trimmed.StartsWith("conntrack v"u8))
        {
            entry = default;
            return false;
        }

        return TryParseLine(trimmed, out entry, out string? problem) ? true : throw Malformed(number, problem + ": " + Excerpt(trimmed));
    }

    private static string Excerpt(ReadOnlySpan<byte> line) => Encoding.ASCII.GetString(line[..Math.Min(line.Length, 80)]);

    private static NetlinkException Malformed(int number, string what) =>
        new(NetlinkFailure.MalformedText, string.Create(CultureInfo.InvariantCulture, $"line {number} is not a line of \"conntrack -L\": {what}"));
}
