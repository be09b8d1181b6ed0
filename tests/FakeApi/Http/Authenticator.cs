using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using KubeProxySharp.FakeApi.Transport;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>Authenticates users by bearer token or client certificate.</summary>
internal sealed class Authenticator(FakeApiOptions options, TestAuthority authority, ConcurrentDictionary<string, string> tokens)
{
    /// <summary>Authenticates a request.</summary>
    /// <returns>The user, or null for 401.</returns>
    public string? Find(HttpContext context)
    {
        string? user = Credentials(context);
        string impersonated = context.Request.Headers["Impersonate-User"].ToString();
        return user is not null && impersonated.Length > 0 ? impersonated : user;
    }

    private string? Credentials(HttpContext context)
    {
        string header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return tokens.GetValueOrDefault(header["Bearer ".Length..].Trim());
        }

        if (context.Connection.ClientCertificate is { } certificate)
        {
            return authority.HasIssued(certificate) ? certificate.GetNameInfo(X509NameType.SimpleName, false) : null;
        }

        return !context.Request.IsHttps && !options.CheckClearText ? "system:admin" : options.AllowAnonymous ? "system:anonymous" : null;
    }
}
