namespace KubeProxySharp.Proxy.Tests.Observability.Metrics;

/// <summary>One sample line.</summary>
internal sealed record ExposedSample(string Name, IReadOnlyList<KeyValuePair<string, string>> Labels, double Value)
{
    public string Key => KeyOf(Name, Labels);

    public static string KeyOf(string name, IEnumerable<KeyValuePair<string, string>> labels) =>
        name + "{" + string.Join(',', labels.OrderBy(static label => label.Key, StringComparer.Ordinal).Select(static label => label.Key + "=" + label.Value)) + "}";
}
