using System.Text;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>
/// A text as people copy it out of a terminal, a chat or an issue: listings one after the other, with shell prompts, the
/// commands that printed them, and code fences around them.
/// </summary>
internal static class Transcript
{
    private const int LongestCommand = 1000;

    /// <summary>The fewest signs that a heading begins with.</summary>
    private const int ShortestHeading = 3;

    /// <summary>Words that lines begin with in nft's language, at the left edge.</summary>
    private static readonly string[] s_nftWords = ["table", "add", "create", "flush", "delete", "destroy", "insert", "replace", "define", "include", "list", "chain", "set", "map"];

    /// <summary>How lines begin that kubectl, oc, ssh, sudo and script(1) write around what a command prints.</summary>
    private static readonly string[] s_chatter =
    [
        "Defaulted container ", "Defaulting container name to ", "Defaulting debug container name to ", "Use 'kubectl describe ", "Creating debugging pod ", "Temporary namespace ", "Starting pod/",
        "To use host binaries, run ", "Pod IP: ", "If you don't see a command prompt", "Removing debug pod", "Unable to use a TTY", "All commands and output from this session",
        "Connection to ", "Warning: Permanently added ", "Pseudo-terminal will not be allocated", "[sudo] password for ", "sudo: unable to resolve host ", "Last login: ", "Script started on ", "Script done on ",
    ];

    private static ReadOnlySpan<byte> Space => " \t\r\v\f"u8;

    /// <summary>Divides a text into what each command printed.</summary>
    /// <returns>The parts, without those that are empty.</returns>
    public static IReadOnlyList<TranscriptPart> Split(ReadOnlySpan<byte> text)
    {
        List<TranscriptPart> parts = [];
        bool hasFences = HasFences(text);
        bool isFenced = false;
        TranscriptPart part = new(null, IsOther: hasFences, 0, 0, 1);
        int number = 0;
        for (int position = 0; position < text.Length;)
        {
            number++;
            int length = text[position..].IndexOf((byte)'\n');
            length = length < 0 ? text.Length - position : length;
            ReadOnlySpan<byte> raw = text.Slice(position, length);
            int next = Math.Min(position + length + 1, text.Length);
            if (IsMark(raw, out ShellCommand? command, out bool isFence))
            {
                Add(parts, part, text, position);
                isFenced ^= isFence;
                bool isOther = isFence ? hasFences && !isFenced : command is null;
                part = new(isFence ? part.Command : command, isOther, next, 0, number + 1);
            }

            position = next;
        }

        Add(parts, part, text, text.Length);
        return parts;
    }

    /// <summary>The text with what kubectl, oc, ssh and sudo say around a listing made blank.</summary>
    public static byte[] WithoutChatter(byte[] text)
    {
        byte[] plain = text;
        for (int start = 0; start < text.Length;)
        {
            ReadOnlySpan<byte> rest = text.AsSpan(start);
            int length = rest.IndexOf((byte)'\n');
            length = length < 0 ? rest.Length : length;
            if (IsChatter(rest[..length]))
            {
                plain = ReferenceEquals(plain, text) ? [.. text] : plain;
                plain.AsSpan(start, length).Fill((byte)' ');
            }

            start += length + 1;
        }

        return plain;
    }

    private static bool IsChatter(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty || !(char.IsAsciiLetter((char)line[0]) || line[0] == '['))
        {
            return false;
        }

        foreach (string beginning in s_chatter)
        {
            if (line.Length >= beginning.Length && Ascii.Equals(line[..beginning.Length], beginning))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The text without the marks of a quotation in mail, if it is one: lines that begin with <c>&gt;</c>.</summary>
    public static byte[] Unquoted(byte[] text)
    {
        if (!text.AsSpan().TrimStart(" \t\r\n"u8).StartsWith(">"u8))
        {
            return text;
        }

        byte[] plain = [.. text];
        for (int start = 0; start < plain.Length;)
        {
            Span<byte> line = plain.AsSpan(start);
            int mark = line.IndexOfAnyExcept((byte)' ', (byte)'\t');
            for (; mark >= 0 && mark < line.Length && line[mark] is (byte)'>' or (byte)' '; mark++)
            {
                line[mark] = (byte)' ';
            }

            int end = line.IndexOf((byte)'\n');
            start = end < 0 ? plain.Length : start + end + 1;
        }

        return plain;
    }

    /// <summary>The text with everything outside a part made blank, so that lines keep their numbers.</summary>
    public static byte[] Blanked(ReadOnlySpan<byte> text, in TranscriptPart part)
    {
        byte[] blank = new byte[part.Start + part.Length];
        text[..blank.Length].CopyTo(blank);
        Span<byte> before = blank.AsSpan(0, part.Start);
        for (int index = 0; index < before.Length; index++)
        {
            before[index] = before[index] == (byte)'\n' ? before[index] : (byte)' ';
        }

        return blank;
    }

    /// <summary>Whether there are fences, each with its end: what is outside them is prose then.</summary>
    private static bool HasFences(ReadOnlySpan<byte> text)
    {
        int count = 0;
        foreach (Range range in text.IndexOf("```"u8) < 0 && text.IndexOf("~~~"u8) < 0 ? default : text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range].Trim(Space);
            count += line.StartsWith("```"u8) || line.StartsWith("~~~"u8) ? 1 : 0;
        }

        return count > 0 && count % 2 == 0;
    }

    private static void Add(List<TranscriptPart> parts, TranscriptPart part, ReadOnlySpan<byte> text, int end)
    {
        bool isEmpty = part.Start >= end || text[part.Start..end].TrimStart(" \t\r\n\v\f"u8).IsEmpty;
        if (!isEmpty)
        {
            parts.Add(part with { Length = end - part.Start });
        }
    }

    /// <summary>Whether a line is a fence, a prompt or a command, and no line of a listing.</summary>
    private static bool IsMark(ReadOnlySpan<byte> raw, out ShellCommand? command, out bool isFence)
    {
        command = null;
        isFence = false;
        ReadOnlySpan<byte> line = raw.Trim(Space);
        if (line.IsEmpty || line.Length > LongestCommand)
        {
            return false;
        }

        if (IsHeading(line))
        {
            command = ShellCommand.OfHeading(Encoding.UTF8.GetString(line.Trim("=-*# "u8)));
            return command is not null || line[0] != '#';
        }

        switch ((char)line[0])
        {
            case '-' or ':' or '*' or '}' or '{' or '"' or ']' or ',':
                return false;
            case '[' when line.Length > 1 && char.IsAsciiDigit((char)line[1]):
                return false;
            case '`' or '~' when line.StartsWith("```"u8) || line.StartsWith("~~~"u8):
                isFence = true;
                return true;
            case '#' when line.StartsWith("# Generated"u8) || line.StartsWith("# Completed"u8) || line.StartsWith("# Warning"u8):
                return false;
        }

        // In nft's listings all but the heads of tables is indented.
        if (raw[0] is (byte)'\t' || IsNft(line))
        {
            return false;
        }

        return ShellCommand.TryRead(Encoding.UTF8.GetString(line), out command);
    }

    /// <summary>Whether a line is a heading of a report: <c>==== iptables-save ====</c>. Of number signs a remark may be made, too.</summary>
    private static bool IsHeading(ReadOnlySpan<byte> line)
    {
        int end = line.IndexOfAnyExcept(line[0]);
        return line[0] is (byte)'=' or (byte)'-' or (byte)'*' or (byte)'#' && (end < 0 ? line.Length : end) >= ShortestHeading;
    }

    private static bool IsNft(ReadOnlySpan<byte> line)
    {
        int end = line.IndexOfAnyExceptInRange((byte)'a', (byte)'z');
        ReadOnlySpan<byte> first = end < 0 ? line : line[..end];
        foreach (string word in s_nftWords)
        {
            if (Ascii.Equals(first, word))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What one command printed.</summary>
/// <param name="Command">The command; null if the text does not show it.</param>
/// <param name="IsOther">Whether it may be something else: it comes after a command that lists no rules, or is outside code fences.</param>
/// <param name="Start">The offset of its first byte.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Line">The number of its first line, from 1.</param>
internal readonly record struct TranscriptPart(ShellCommand? Command, bool IsOther, int Start, int Length, int Line)
{
    /// <summary>The part of a text.</summary>
    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> text) => text.Slice(Start, Length);
}
