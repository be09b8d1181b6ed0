namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>A text that must not be shown: it has to be asked for by name, and prints as nothing.</summary>
/// <param name="value">The text.</param>
internal sealed class Secret(string value)
{
    public bool IsEmpty => value.Length == 0;

    public string Reveal() => value;

    public override string ToString() => "(secret)";
}
