using System.Text;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Writes fields as YAML the way Kubernetes' tools do: two blanks per level, quotes only where they are needed.</summary>
/// <param name="output">The text.</param>
internal sealed class YamlFieldWriter(StringBuilder output) : IFieldWriter
{
    private int _depth;
    private bool _isListItem;

    public void BeginSection(string name)
    {
        if (name.Length == 0)
        {
            _isListItem = true;
        }
        else
        {
            Key(name).Append('\n');
        }

        _depth++;
    }

    public void EndSection() => _depth--;

    public void Text(string name, string value)
    {
        YamlScalar.Append(Key(name).Append(' '), value);
        output.Append('\n');
    }

    public void Number(string name, string value) => Key(name).Append(' ').Append(value).Append('\n');

    public void Flag(string name, bool value) => Key(name).Append(value ? " true\n" : " false\n");

    public void Texts(string name, ReadOnlySpan<string> values)
    {
        if (values.IsEmpty)
        {
            Key(name).Append(" null\n");
            return;
        }

        Key(name).Append('\n');
        foreach (string value in values)
        {
            YamlScalar.Append(output.Append(' ', 2 * _depth).Append("- "), value);
            output.Append('\n');
        }
    }

    /// <summary>Items begin at the column of the name of their list.</summary>
    public void BeginList(string name) => Key(name).Append('\n');

    public void EndList()
    {
    }

    private StringBuilder Key(string name)
    {
        int blanks = 2 * _depth;
        if (_isListItem)
        {
            output.Append(' ', blanks - 2).Append("- ");
            _isListItem = false;
        }
        else
        {
            output.Append(' ', blanks);
        }

        YamlScalar.Append(output, name);
        return output.Append(':');
    }
}
