using System.Text;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>Finds the last line <c># N</c> before some line of a text that is written again.</summary>
/// <param name="line">Number of the line before which it is looked for, from 1.</param>
internal sealed class MarkFinder(int line) : LineScanner
{
    private const int MostOfLine = 16;

    private readonly StringBuilder _current = new();

    /// <summary>The number of the mark; null if there is none before the line.</summary>
    public int? Number { get; private set; }

    /// <inheritdoc/>
    protected override void Take(ReadOnlySpan<byte> part)
    {
        if (Line < line && _current.Length < MostOfLine && (_current.Length != 0 || part.StartsWith("#"u8)))
        {
            _current.Append(Encoding.ASCII.GetString(part[..Math.Min(part.Length, MostOfLine)]));
        }
    }

    /// <inheritdoc/>
    protected override void EndLine()
    {
        if (_current.Length != 0)
        {
            Number = int.TryParse(_current.ToString(1, _current.Length - 1), out int number) ? number : Number;
            _current.Clear();
        }
    }
}
