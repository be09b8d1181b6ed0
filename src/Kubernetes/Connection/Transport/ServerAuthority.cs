using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>The certificates that a server's certificate must lead to. The system's own are not used then (wire notes 5.6).</summary>
/// <param name="certificates">At least one.</param>
/// <param name="source">Where they come from, for errors.</param>
internal sealed class ServerAuthority(X509Certificate2Collection certificates, string source)
{
    public X509Certificate2Collection Certificates { get; } = certificates;

    /// <summary>Where they come from.</summary>
    public string Source { get; } = source;

    /// <summary>Reads a bundle of certificates.</summary>
    /// <param name="pem">One or more certificates.</param>
    /// <param name="subject">The configuration that has them, for errors.</param>
    /// <param name="field">The field that has them, for errors.</param>
    /// <exception cref="ConnectionException">There is no certificate, or a broken one.</exception>
    public static ServerAuthority Parse(string pem, string subject, string field)
    {
        X509Certificate2Collection certificates = [];
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            throw new ConnectionException(subject, field, "holds a broken certificate; it must be PEM as the cluster issued it");
        }

        return certificates.Count == 0
            ? throw new ConnectionException(subject, field, "holds no certificate; it must be PEM with at least one -----BEGIN CERTIFICATE-----")
            : new(certificates, $"{subject}: {field}");
    }
}
