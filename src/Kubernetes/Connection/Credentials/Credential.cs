using System.Net.Http.Headers;
using KubeProxySharp.Kubernetes.Connection.Transport;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>
/// What a request proves its identity with. Compared by reference: a new object is a new credential, and worth another
/// attempt.
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

/// <summary>Where the credential of each request comes from.</summary>
internal interface ICredentialSource : IDisposable
{
    /// <summary>The credential to use now.</summary>
    /// <exception cref="HttpRequestException">There is none; the next request may have one.</exception>
    ValueTask<Credential> GetAsync(CancellationToken cancellationToken);

    /// <summary>Tells that the server refused a credential (401). Nothing happens if it has been replaced since.</summary>
    void Reject(Credential credential);
}

/// <summary>A credential that never changes: a token or a password from the kubeconfig itself, or none.</summary>
/// <param name="credential">The credential.</param>
internal sealed class FixedCredential(Credential credential) : ICredentialSource
{
    public ValueTask<Credential> GetAsync(CancellationToken cancellationToken) => new(credential);

    public void Reject(Credential credential)
    {
        // There is no other.
    }

    public void Dispose()
    {
    }
}

/// <summary>The token of a file that somebody else renews, such as the kubelet (wire notes 5.4).</summary>
/// <param name="file">The file.</param>
internal sealed class TokenFileCredential(RereadFile<Credential> file) : ICredentialSource
{
    /// <summary>
    /// How often the file is looked at. client-go looks every 50 seconds; the kubelet renews tokens at 80 % of at least
    /// ten minutes, so a minute is soon enough.
    /// </summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromMinutes(1);

    public ValueTask<Credential> GetAsync(CancellationToken cancellationToken) => new(file.Current());

    public void Reject(Credential credential) => file.Doubt(credential);

    public void Dispose()
    {
    }
}

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
