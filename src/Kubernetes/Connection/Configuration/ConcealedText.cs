using KubeProxySharp.Kubernetes.Documents;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>Reads texts that may be secret: error messages do not contain them.</summary>
internal static class ConcealedText
{
    /// <summary>A text; empty for null.</summary>
    public static string Of(DocumentNode node)
    {
        // The reader's own message would quote the number, which may be a password.
        return node.Kind is DocumentKind.Number or DocumentKind.Boolean
            ? throw node.Wrong("is a number or a boolean, not a text; write it in quotes")
            : node.AsString("");
    }

    /// <summary>A list of texts; empty for null.</summary>
    public static List<string> ListOf(DocumentNode list)
    {
        List<string> texts = [];
        foreach (DocumentNode element in list.Elements)
        {
            texts.Add(Of(element));
        }

        return texts;
    }
}
