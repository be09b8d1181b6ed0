using System.Text;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>
/// Keeps the lines around one line of a text that is written again, and throws the rest away: what a tool complained about
/// can be shown without having kept the whole text.
/// </summary>
/// <param name="line">Number of the line in the middle, from 1.</param>
internal sealed class ErrorContext(int line) : LineScanner
{
    /// <summary>Lines shown before and after it (spec 5.11).</summary>
    public const int Around = 3;

    /// <summary>Longer lines are cut: a line of elements can have thousands of them.</summary>
    private const int MostOfLine = 400;

    private readonly StringBuilder _text = new();

    /// <summary>The lines, each with its number.</summary>
    public override string ToString() => _text.ToString();

    private bool IsWanted => Line >= line - Around && Line <= line + Around;

    /// <inheritdoc/>
    protected override void Take(ReadOnlySpan<byte> part)
    {
        if (!IsWanted)
        {
            return;
        }

        if (Column == 0)
        {
            _text.Append(Line == line ? "> " : "  ").Append(Line).Append(": ");
        }

        int room = Math.Max(0, MostOfLine - Column);
        _text.Append(Encoding.UTF8.GetString(part[..Math.Min(part.Length, room)]));
        if (part.Length > room && room > 0)
        {
            _text.Append("...");
        }
    }

    /// <inheritdoc/>
    protected override void EndLine()
    {
        if (IsWanted)
        {
            _text.Append('\n');
        }
    }
}
