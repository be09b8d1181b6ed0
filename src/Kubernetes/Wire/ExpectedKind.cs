using System.Text;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>apiVersion and kind that the objects of a resource have.</summary>
/// <param name="ApiVersion">For example <c>discovery.k8s.io/v1</c>.</param>
/// <param name="Kind">For example <c>EndpointSlice</c>.</param>
/// <param name="IsNamespaced">Whether its objects live in namespaces.</param>
internal sealed record ExpectedKind(string ApiVersion, string Kind, bool IsNamespaced)
{
    private readonly byte[] _apiVersion = Encoding.UTF8.GetBytes(ApiVersion);
    private readonly byte[] _kind = Encoding.UTF8.GetBytes(Kind);
    private readonly byte[] _listKind = Encoding.UTF8.GetBytes(Kind + "List");

    /// <summary>Whether a type header names this kind.</summary>
    public bool Is(in TypeHeader type) => type.Is(_apiVersion, _kind);

    /// <summary>Whether a type header names the list of this kind.</summary>
    public bool IsList(in TypeHeader type) => type.Is(_apiVersion, _listKind);

    /// <summary>Whether a JSON object names this kind.</summary>
    public bool Is(string apiVersion, string kind) => apiVersion == ApiVersion && kind == Kind;

    /// <summary>Whether a JSON object names the list of this kind.</summary>
    public bool IsList(string apiVersion, string kind) => apiVersion == ApiVersion && kind == Kind + "List";

    /// <summary><c>apiVersion/kind</c>.</summary>
    public override string ToString() => $"{ApiVersion}/{Kind}";
}
