namespace KubeProxySharp.Kubernetes.Connection;

/// <summary>
/// A connection that cannot be set up from what was given: a broken kubeconfig, a missing file, an unusable key. The text
/// names where, what and the remedy, and never holds the value of a credential.
/// </summary>
/// <param name="subject">Where the fault is: a file, or "in-cluster configuration".</param>
/// <param name="field">The field at fault, such as <c>users[name=node].user.client-key</c>; empty for the whole.</param>
/// <param name="problem">What is wrong and what to do, in words that follow the field.</param>
public sealed class ConnectionException(string subject, string field, string problem)
    : Exception(field.Length == 0 ? $"{subject}: {problem}" : $"{subject}: {field} {problem}")
{
    /// <summary>Where the fault is: a file, or "in-cluster configuration".</summary>
    public string Subject { get; } = subject;

    /// <summary>The field at fault; empty for the whole.</summary>
    public string Field { get; } = field;

    /// <summary>What is wrong and what to do.</summary>
    public string Problem { get; } = problem;
}
