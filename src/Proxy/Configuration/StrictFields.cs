using System.Text;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Reads the fields of a mapping and records which ones were read, so that the others can be reported as unknown.</summary>
/// <param name="mapping">The mapping, or a missing node.</param>
/// <param name="unknown">Receives the fields that were not read.</param>
internal sealed class StrictFields(DocumentNode mapping, ICollection<DocumentException> unknown)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public DocumentNode Node(string key)
    {
        _known.Add(key);
        return mapping[Encoding.UTF8.GetBytes(key)];
    }

    public string Text(string key, string missing) => Node(key).AsString(missing);

    public bool Flag(string key, bool missing) => Node(key).AsBoolean() ?? missing;

    public int Number(string key, int missing) => Node(key).AsInt32() ?? missing;

    public float Decimal(string key, float missing) => (float)(Node(key).AsDouble() ?? missing);

    public TimeSpan Duration(string key, TimeSpan missing)
    {
        DocumentNode node = Node(key);
        if (!node.Is(DocumentKind.Text))
        {
            return missing;
        }

        return GoDuration.TryParse(node.AsString(""), out TimeSpan duration)
            ? duration
            : throw node.Wrong($"\"{node.AsString("")}\" is not a duration such as 30s or 1h0m0s");
    }

    public EquatableArray<string> Texts(string key)
    {
        List<string> texts = [];
        foreach (DocumentNode element in Node(key).Elements)
        {
            texts.Add(element.AsString(""));
        }

        return EquatableArray.CopyOf(texts);
    }

    public StrictFields Section(string key) => new(Node(key), unknown);

    /// <summary>Reports the fields that were not read.</summary>
    public void Finish()
    {
        foreach (DocumentNode member in mapping.Members)
        {
            if (!_known.Contains(member.Key))
            {
                unknown.Add(member.Wrong("is not a field of KubeProxyConfiguration"));
            }
        }
    }
}
