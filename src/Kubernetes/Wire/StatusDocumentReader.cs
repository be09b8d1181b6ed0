using KubeProxySharp.Kubernetes.Documents;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Reads a Status from JSON.</summary>
internal static class StatusDocumentReader
{
    private const int MaxMessageLength = 2048;

    /// <summary>Reads the document.</summary>
    /// <exception cref="DocumentException">A field has a wrong type.</exception>
    public static ApiStatus Read(DocumentNode document)
    {
        DocumentNode details = document["details"u8];
        List<string> causes = [];
        foreach (DocumentNode cause in details["causes"u8].Elements)
        {
            causes.Add(Text(cause["reason"u8]));
            if (causes.Count == 16)
            {
                break;
            }
        }

        int seconds = details["retryAfterSeconds"u8].AsInt32() ?? 0;
        return new ApiStatus
        {
            Code = document["code"u8].AsInt32() ?? 0,
            Reason = Text(document["reason"u8]),
            Message = Text(document["message"u8]),
            Causes = string.Join(',', causes),
            RetryAfter = seconds > 0 ? TimeSpan.FromSeconds(seconds) : null,
        };
    }

    private static string Text(DocumentNode node)
    {
        string text = node.AsString("");
        return text.Length > MaxMessageLength ? text[..MaxMessageLength] : text;
    }
}
