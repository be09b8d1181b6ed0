using System.Buffers;
using System.Text;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>Keeps some parts of some lines of a text that is written again, and throws the rest away.</summary>
/// <param name="places">Numbers of lines, from 1, with the first and last column of each, from 1.</param>
internal sealed class LinePicker(IReadOnlyDictionary<int, (int From, int To)> places) : LineScanner
{
    /// <summary>A part that is longer has elements of many Services, and says nothing.</summary>
    private const int MostOfLine = 4096;

    private readonly List<string> _picked = [];
    private readonly ArrayBufferWriter<byte> _current = new();

    /// <summary>The parts in the order of the text.</summary>
    public IReadOnlyList<string> Picked
    {
        get
        {
            EndLine();
            return _picked;
        }
    }

    /// <inheritdoc/>
    protected override void Take(ReadOnlySpan<byte> part)
    {
        if (places.TryGetValue(Line, out (int From, int To) place))
        {
            int from = Math.Clamp(place.From - 1 - Column, 0, part.Length);
            int to = (int)Math.Clamp((long)place.To - Column, from, part.Length);
            if (_current.WrittenCount <= MostOfLine)
            {
                _current.Write(part[from..to]);
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndLine()
    {
        if (_current.WrittenCount is > 0 and <= MostOfLine)
        {
            _picked.Add(Encoding.UTF8.GetString(_current.WrittenSpan));
        }

        _current.ResetWrittenCount();
    }
}
