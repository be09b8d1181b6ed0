namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>A document that cannot be read: broken syntax, a wrong type, or a size beyond all sense.</summary>
/// <param name="line">The line, from 1; 0 when unknown.</param>
/// <param name="field">The path of the field, such as <c>spec.ports[0].port</c>; empty for the whole document.</param>
/// <param name="reason">What is wrong, in words that follow the field.</param>
public sealed class DocumentException(int line, string field, string reason)
    : Exception(field.Length == 0 ? $"line {line}: {reason}" : $"line {line}: {field} {reason}")
{
    /// <summary>The line, from 1; 0 when unknown.</summary>
    public int Line { get; } = line;

    /// <summary>The path of the field; empty for the whole document.</summary>
    public string Field { get; } = field;

    /// <summary>What is wrong.</summary>
    public string Reason { get; } = reason;
}
