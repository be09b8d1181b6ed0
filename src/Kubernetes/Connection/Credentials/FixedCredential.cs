namespace KubeProxySharp.Kubernetes.Connection.Credentials;

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
