namespace KubeProxySharp.Proxy.Tests.Observability.Serving;

/// <summary>An answer, read to its end.</summary>
internal sealed record HttpReply(int Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public string Header(string name) => Headers.TryGetValue(name, out string? value) ? value : "";
}
