using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Kubernetes.Tests.Connection;

/// <summary>What a server saw of a request.</summary>
public sealed record SeenRequest(
    string Protocol, string Target, string Host, string Authorization, string Certificate, IReadOnlyDictionary<string, string> Headers)
{
    public static SeenRequest Of(HttpContext context) => new(
        context.Request.Protocol,
        context.Request.Path + context.Request.QueryString,
        context.Request.Host.Value ?? "",
        context.Request.Headers.Authorization.ToString(),
        context.Connection.ClientCertificate?.Subject ?? "",
        context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
}
