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
