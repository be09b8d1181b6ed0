using System.Net.Http.Headers;
using KubeProxySharp.Kubernetes.Connection.Transport;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>
/// The credential of a request. Compared by reference: a new object is a new credential, with which a refused request is
/// sent again.
/// </summary>
/// <param name="authorization">The header; null if there is none.</param>
/// <param name="certificate">A certificate from a plugin; null if there is none.</param>
internal sealed class Credential(AuthenticationHeaderValue? authorization, ClientCertificate? certificate)
{
    public static Credential None { get; } = new(null, null);

    public AuthenticationHeaderValue? Authorization { get; } = authorization;

    public ClientCertificate? Certificate { get; } = certificate;

    public override string ToString() => "(credential)";
}

/// <summary>The source of the credential of each request.</summary>
internal interface ICredentialSource : IDisposable
{
    /// <summary>The current credential.</summary>
    /// <exception cref="HttpRequestException">There is none now; a later call may return one.</exception>
    ValueTask<Credential> GetAsync(CancellationToken cancellationToken);

    /// <summary>Reports that the server refused a credential (401). Does nothing if it has been replaced since.</summary>
    void Reject(Credential credential);
}

/// <summary>A credential that never changes: a token or a password from the kubeconfig itself, or none.</summary>
internal sealed class FixedCredential(Credential credential) : ICredentialSource
{
    public ValueTask<Credential> GetAsync(CancellationToken cancellationToken) => new(credential);

    public void Reject(Credential credential)
    {
        // There is no other one.
    }

    public void Dispose()
    {
    }
}

/// <summary>The token in a file that another process renews, such as the kubelet (wire notes 5.4).</summary>
internal sealed class TokenFileCredential(RereadFile<Credential> file) : ICredentialSource
{
    /// <summary>
    /// Interval in which the file is reread. client-go rereads it every 50 seconds; the kubelet renews tokens after 80 % of
    /// at least ten minutes, so one minute is short enough.
    /// </summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromMinutes(1);

    public ValueTask<Credential> GetAsync(CancellationToken cancellationToken) => new(file.Current());

    public void Reject(Credential credential) => file.Doubt(credential);

    public void Dispose()
    {
    }
}

/// <summary>Makes credentials of tokens.</summary>
internal static class BearerToken
{
    /// <summary>Makes the credential of a token.</summary>
    /// <param name="token">The token; blanks around it are dropped.</param>
    /// <param name="subject">The configuration that has the token, for errors.</param>
    /// <param name="field">The field that has it, for errors.</param>
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
