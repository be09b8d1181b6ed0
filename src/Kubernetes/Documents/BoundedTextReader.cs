namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// Passes text on and fails when one object is too long: the YAML parser would buffer a scalar of any length.
/// </summary>
/// <param name="inner">The text.</param>
/// <param name="builder">Counts the finished objects.</param>
internal sealed class BoundedTextReader(TextReader inner, DocumentBuilder builder) : TextReader
{
    private int _finished;
    private long _lengthOfObject;

    public override int Read(char[] buffer, int index, int count) => Counted(inner.Read(buffer, index, count));

    public override int Read(Span<char> buffer) => Counted(inner.Read(buffer));

    public override int Read()
    {
        int character = inner.Read();
        Counted(1);
        return character;
    }

    public override int Peek() => inner.Peek();

    private int Counted(int length)
    {
        if (builder.Finished != _finished)
        {
            _finished = builder.Finished;
            _lengthOfObject = 0;
        }

        _lengthOfObject += length;
        return _lengthOfObject > DocumentLimits.MaxObjectLength
            ? throw new DocumentException(0, "", $"holds an object of more than {DocumentLimits.MaxObjectLength} characters")
            : length;
    }
}
