using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>The full parser of YAML (YamlDotNet), with its errors as <see cref="DocumentException"/>.</summary>
/// <param name="text">The text.</param>
/// <param name="lineShift">Added to its lines to get the lines of the input.</param>
internal sealed class YamlParser(TextReader text, int lineShift)
{
    private readonly Parser _parser = new(new BlockScalarReader(text));

    /// <summary>Added to lines of events to get the lines of the input.</summary>
    public int LineShift => lineShift;

    /// <summary>The current event; valid after <see cref="MoveNext"/> has returned true.</summary>
    public ParsingEvent Current => _parser.Current!;

    /// <summary>Advances to the next event.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="DocumentException">The text is not YAML.</exception>
    public bool MoveNext()
    {
        try
        {
            return _parser.MoveNext();
        }
        catch (YamlException e)
        {
            throw new DocumentException((int)e.Start.Line + lineShift, "", "is not YAML: " + e.Message.TrimEnd('.'));
        }
        catch (DecoderFallbackException)
        {
            throw new DocumentException(0, "", "is not UTF-8 text");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException or FormatException or OverflowException)
        {
            // Exceptions of the parser on broken text, found by fuzzing; the position is not known.
            throw new DocumentException((int)(_parser.Current?.End.Line ?? 0) + lineShift, "", "is not YAML from here on");
        }
    }
}
