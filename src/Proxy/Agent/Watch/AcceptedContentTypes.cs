using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>The media types in which the API server may send objects: those that the configuration names and this program can read.</summary>
internal static class AcceptedContentTypes
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";
    private const string Json = "application/json";

    /// <summary>
    /// The <c>Accept</c> header, built as kube-proxy builds it (spec 13.3): acceptContentTypes, or else the content type and
    /// <c>*/*</c>. Media types that cannot be read are left out.
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
