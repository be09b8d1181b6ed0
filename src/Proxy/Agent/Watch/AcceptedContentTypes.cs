using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>In which forms the API server may send objects, as the configuration asks for and this program can read.</summary>
internal static class AcceptedContentTypes
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";
    private const string Json = "application/json";

    /// <summary>
    /// The header <c>Accept</c>, made as kube-proxy makes it (spec 13.3): acceptContentTypes, or else the content type and
    /// whatever the server likes. Forms that cannot be read are left out.
    /// </summary>
    public static string Of(KubeProxyConfiguration.ClientConnectionConfiguration connection)
    {
        string asked = connection.AcceptContentTypes.Length != 0 ? connection.AcceptContentTypes : connection.ContentType + ", */*";
        string[] readable = [.. asked.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(IsReadable)];
        return readable.Length == 0 || readable is ["*/*"] ? $"{Protobuf}, */*" : string.Join(", ", readable);
    }

    private static bool IsReadable(string range)
    {
        int end = range.IndexOf(';', StringComparison.Ordinal);
        string type = end < 0 ? range : range[..end].TrimEnd();
        return type is "*/*" or "application/*"
            || type.Equals(Protobuf, StringComparison.OrdinalIgnoreCase)
            || type.Equals(Json, StringComparison.OrdinalIgnoreCase);
    }
}
