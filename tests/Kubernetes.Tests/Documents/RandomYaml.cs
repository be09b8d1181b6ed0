using System.Text;

namespace KubeProxySharp.Kubernetes.Tests.Documents;

/// <summary>YAML by chance: mostly as tools print it, at times as people write it.</summary>
/// <param name="random">The chance.</param>
internal sealed class RandomYaml(Random random)
{
    private static readonly string[] s_keys = ["name", "kind", "f:spec", "app.kubernetes.io/name", "k:{\"port\":80}", ".", "'quoted'", "\"q\"", "80", "-x", "items", "true"];

    private static readonly string[] s_plain =
    [
        "web", "80", "10.96.0.1", "fd00::1", "true", "null", "~", "2026-11-20T09:00:00Z", "-1", "a b", "x#y", "\"80\"", "'it''s'", "\"a\\n\\\"b\\\"\"", "{}", "[]", "\"\"", "",
    ];

    private static readonly string[] s_rare =
    [
        "{a: 1, b: [c]}", "a # why", "&a web", "*a", "!!str 80", "\"two\n      lines\"", "two\n      lines", ">\n      folded\n      text", "|+\n      kept\n\n", "é", "\"\\u00e9\"", "\"a\n- b\"",
    ];

    private readonly StringBuilder _text = new();

    /// <summary>Some documents.</summary>
    public string Stream()
    {
        for (int documents = random.Next(1, 4); documents > 0; documents--)
        {
            if (random.Next(3) != 0)
            {
                _text.Append("---\n");
            }

            if (random.Next(2) == 0)
            {
                List();
            }
            else
            {
                Mapping(0, 0);
            }
        }

        return _text.ToString();
    }

    private void List()
    {
        int indent = random.Next(4) == 0 ? 2 : 0;
        _text.Append("apiVersion: v1\nitems:\n");
        for (int items = random.Next(1, 4); items > 0; items--)
        {
            Noise();
            _text.Append(' ', indent).Append("- ");
            Mapping(indent + 2, 1, isBegun: true);
        }

        Noise();
        if (random.Next(4) != 0)
        {
            _text.Append("kind: List\nmetadata:\n  resourceVersion: \"\"\n");
        }
    }

    private void Mapping(int indent, int depth, bool isBegun = false)
    {
        foreach (string key in random.GetItems(s_keys, random.Next(1, 4)).Distinct())
        {
            if (!isBegun)
            {
                Noise();
                _text.Append(' ', indent);
            }

            isBegun = false;
            _text.Append(key).Append(':');
            switch (depth > 3 ? 0 : random.Next(6))
            {
                case 1:
                    _text.Append('\n');
                    Mapping(indent + random.Next(1, 5), depth + 1);
                    break;
                case 2:
                    _text.Append('\n');
                    Sequence(indent + (random.Next(3) == 0 ? 2 : 0), depth + 1);
                    break;
                case 3 when random.Next(2) == 0:
                    Literal(indent + random.Next(1, 5));
                    break;
                default:
                    Scalar();
                    break;
            }
        }
    }

    private void Sequence(int indent, int depth)
    {
        for (int elements = random.Next(1, 4); elements > 0; elements--)
        {
            Noise();
            _text.Append(' ', indent).Append('-');
            if (random.Next(2) == 0)
            {
                int more = random.Next(5) == 0 ? 2 : 1;
                _text.Append(' ', more);
                Mapping(indent + 1 + more, depth + 1, isBegun: true);
            }
            else
            {
                Scalar();
            }
        }
    }

    private void Scalar()
    {
        string[] texts = random.Next(20) == 0 ? s_rare : s_plain;
        _text.Append(' ', random.Next(10) == 0 ? 2 : 1).Append(texts[random.Next(texts.Length)]).Append(random.Next(20) == 0 ? " \n" : "\n");
    }

    private void Literal(int indent)
    {
        _text.Append(random.Next(2) == 0 ? " |\n" : " |-\n");
        for (int lines = random.Next(1, 4); lines > 0; lines--)
        {
            _text.Append(' ', indent).Append(random.Next(4) == 0 ? "  # deeper" : "text: more").Append('\n');
            if (random.Next(4) == 0)
            {
                _text.Append(' ', random.Next(indent + 2)).Append('\n');
            }
        }
    }

    private void Noise()
    {
        if (random.Next(15) == 0)
        {
            _text.Append(' ', random.Next(4)).Append(random.Next(2) == 0 ? "# why\n" : "\n");
        }
    }
}
