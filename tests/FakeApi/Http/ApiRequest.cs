using KubeProxySharp.FakeApi.Schema;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>A parsed request for a resource.</summary>
/// <param name="Context">The exchange.</param>
/// <param name="Type">The resource.</param>
/// <param name="Namespace">Empty for the whole cluster.</param>
/// <param name="Name">Empty for a list.</param>
/// <param name="Format">The negotiated format.</param>
internal sealed record ApiRequest(HttpContext Context, ResourceType Type, string Namespace, string Name, WireFormat Format)
{
    public string User { get; init; } = "";

    /// <summary>The verb in RBAC's terms.</summary>
    public string Verb => Context.Request.Method switch
    {
        "GET" when Name.Length > 0 => "get",
        "GET" when Context.Request.Query["watch"].ToString() is "1" or "true" or "True" => "watch",
        "GET" => "list",
        "POST" => "create",
        "PATCH" => "patch",
        "PUT" => "update",
        string method => method.ToLowerInvariant(),
    };

    /// <summary>Finds the resource of a path; the namespace and name may be missing.</summary>
    /// <returns>Null when no such path exists in a known version; see <see cref="IsKnownGroup"/> for the others.</returns>
    public static (ResourceType Type, string Namespace, string Name)? Route(string[] path)
    {
        (string version, string[] rest) = path switch
        {
            ["api", "v1", .. string[] core] => ("v1", core),
            ["apis", string group, "v1", .. string[] named] => (group + "/v1", named),
            _ => ("", []),
        };
        (string space, string plural, string name) = rest switch
        {
            ["namespaces", string ns, string resource, string item] => (ns, resource, item),
            ["namespaces", string ns, string resource] => (ns, resource, ""),
            [string resource, string item] => ("", resource, item),
            [string resource] => ("", resource, ""),
            _ => ("", "", ""),
        };
        ResourceType? type = ResourceType.All.FirstOrDefault(type => type.ApiVersion == version && type.Plural == plural);
        return type is null || (space.Length > 0 && !type.Namespaced) ? null : (type, space, name);
    }

    /// <summary>Paths of known groups get a Status, others plain text (kubernetes-wire.md 1.6).</summary>
    public static bool IsKnownGroup(string[] path) => path switch
    {
        ["api", _, ..] => true,
        ["apis", string group, _, ..] => ResourceType.All.Any(type => type.Group == group),
        _ => false,
    };
}
