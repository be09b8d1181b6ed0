using System.Buffers;
using System.Text;

namespace KubeProxySharp.Proxy.Appliers;

/// <summary>
/// Keeps the lines around one line of a text that is written again, and throws the rest away: what a tool complained about
/// can be shown without having kept the whole text.
/// </summary>
/// <param name="line">Number of the line in the middle, from 1.</param>
internal sealed class LineWindow(int line) : IBufferWriter<byte>
{
    /// <summary>Lines shown before and after it (spec 5.11).</summary>
    public const int Around = 3;

    /// <summary>Longer lines are cut: a line of elements can have thousands of them.</summary>
    private const int MostOfLine = 400;

    private readonly StringBuilder _text = new();
    private byte[] _buffer = new byte[64 * 1024];
    private int _line = 1;
    private int _column;

    /// <summary>The lines, each with its number.</summary>
    public override string ToString() => _text.ToString();

    public void Advance(int count)
    {
        ReadOnlySpan<byte> rest = _buffer.AsSpan(0, count);
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)'\n');
            Keep(end < 0 ? rest : rest[..end]);
            if (end < 0)
            {
                return;
            }

            if (IsWanted)
            {
                _text.Append('\n');
            }

            _line++;
            _column = 0;
            rest = rest[(end + 1)..];
        }
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_buffer.Length < sizeHint)
        {
            _buffer = new byte[sizeHint];
        }

        return _buffer;
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    private bool IsWanted => _line >= line - Around && _line <= line + Around;

    private void Keep(ReadOnlySpan<byte> part)
    {
        if (!IsWanted)
        {
            return;
        }

        if (_column == 0)
        {
            _text.Append(_line == line ? "> " : "  ").Append(_line).Append(": ");
        }

        int room = Math.Max(0, MostOfLine - _column);
        _text.Append(Encoding.UTF8.GetString(part[..Math.Min(part.Length, room)]));
        if (part.Length > room && room > 0)
        {
            _text.Append("...");
        }

        _column += part.Length;
    }
}
