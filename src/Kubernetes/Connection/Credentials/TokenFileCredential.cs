namespace KubeProxySharp.Kubernetes.Connection.Credentials;

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
