using System.Net.Http.Headers;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>Turns tokens into headers.</summary>
internal static class BearerToken
{
    /// <summary>Makes the credential of a token.</summary>
    /// <param name="token">The token; blanks around it are dropped.</param>
    /// <param name="subject">Who gave the token, for errors.</param>
    /// <param name="field">The field that gave it, for errors.</param>
    /// <exception cref="ConnectionException">The token is empty or cannot be part of a header.</exception>
    public static Credential Parse(string token, string subject, string field) => new(Header(token, subject, field), null);

    /// <inheritdoc cref="Parse"/>
    public static AuthenticationHeaderValue Header(string token, string subject, string field)
    {
        token = token.Trim();
        if (token.Length == 0)
        {
            throw new ConnectionException(subject, field, "holds an empty token; write the token that the cluster issued");
        }

        return token.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? throw new ConnectionException(subject, field, "holds a token with blanks or characters outside ASCII; it must be one line with nothing but the token")
            : new("Bearer", token);
    }
}
