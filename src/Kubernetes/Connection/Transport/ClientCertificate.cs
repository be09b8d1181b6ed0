using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>A client certificate with its key and intermediate certificates.</summary>
/// <param name="context">The certificates that TLS sends.</param>
internal sealed class ClientCertificate(SslStreamCertificateContext context)
{
    public SslStreamCertificateContext Context { get; } = context;

    /// <summary>Reads a certificate and its key, RSA or ECDSA.</summary>
    /// <param name="pem">Certificates, the client's first, and the key.</param>
    /// <param name="subject">The configuration that has them, for errors.</param>
    /// <param name="field">The fields that have them, for errors.</param>
    /// <exception cref="ConnectionException">They cannot be used.</exception>
    public static ClientCertificate Parse(string pem, string subject, string field)
    {
        try
        {
            // Never disposed: connections that outlive a rotation still use it. Its handles have finalizers.
            X509Certificate2 certificate = X509Certificate2.CreateFromPem(pem, pem);
            X509Certificate2Collection others = [];
            others.ImportFromPem(pem);
            others.RemoveAt(0);
            return new(SslStreamCertificateContext.Create(certificate, others, offline: true));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or PlatformNotSupportedException)
        {
            throw new ConnectionException(
                subject,
                field,
                "is not a certificate in PEM with its private key, unencrypted, RSA or ECDSA (Ed25519 is not supported by .NET); "
                + "check that both are there and belong together");
        }
    }
}
