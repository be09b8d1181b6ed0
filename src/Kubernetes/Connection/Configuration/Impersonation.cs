namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>Whom requests are made for, if not for the user itself.</summary>
internal sealed record Impersonation
{
    public string User { get; init; } = "";

    public string Uid { get; init; } = "";

    public IReadOnlyList<string> Groups { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> Extra { get; init; } = [];

    public bool IsEmpty => User.Length + Uid.Length + Groups.Count + Extra.Count == 0;
}
