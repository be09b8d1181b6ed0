namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>Where the credential of each request comes from.</summary>
internal interface ICredentialSource : IDisposable
{
    /// <summary>The credential to use now.</summary>
    /// <exception cref="HttpRequestException">There is none; the next request may have one.</exception>
    ValueTask<Credential> GetAsync(CancellationToken cancellationToken);

    /// <summary>Tells that the server refused a credential (401). Nothing happens if it has been replaced since.</summary>
    void Reject(Credential credential);
}
