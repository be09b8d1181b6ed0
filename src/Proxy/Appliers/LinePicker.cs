using System.Buffers;
using System.Text;

namespace KubeProxySharp.Proxy.Appliers;

/// <summary>Keeps some parts of some lines of a text that is written again, and throws the rest away.</summary>
/// <param name="places">Numbers of lines, from 1, with the first and last column of each, from 1.</param>
internal sealed class LinePicker(IReadOnlyDictionary<int, (int From, int To)> places) : IBufferWriter<byte>
{
    /// <summary>A part that is longer has elements of many Services, and says nothing.</summary>
    private const int MostOfLine = 4096;

    private readonly List<string> _picked = [];
    private readonly ArrayBufferWriter<byte> _current = new();
    private byte[] _buffer = new byte[64 * 1024];
    private int _line = 1;
    private int _column;

    /// <summary>The parts in the order of the text.</summary>
    public IReadOnlyList<string> Picked
    {
        get
        {
            Finish();
            return _picked;
        }
    }

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

            Finish();
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

    private void Keep(ReadOnlySpan<byte> part)
    {
        if (places.TryGetValue(_line, out (int From, int To) place))
        {
            int from = Math.Clamp(place.From - 1 - _column, 0, part.Length);
            int to = (int)Math.Clamp((long)place.To - _column, from, part.Length);
            if (_current.WrittenCount <= MostOfLine)
            {
                _current.Write(part[from..to]);
            }
        }

        _column += part.Length;
    }

    private void Finish()
    {
        if (_current.WrittenCount is > 0 and <= MostOfLine)
        {
            _picked.Add(Encoding.UTF8.GetString(_current.WrittenSpan));
        }

        _current.ResetWrittenCount();
    }
}
