using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>Verifies the certificate of a server as client-go does (wire notes 5.6).</summary>
/// <param name="authority">The authority that must have issued it; null for the system's authorities.</param>
/// <param name="name">The name it must have, for errors.</param>
internal sealed class ServerVerification(ServerAuthority? authority, string name)
{
    private const int MaxShownLength = 300;

    /// <summary>How chains are built.</summary>
    public X509ChainPolicy ChainPolicy()
    {
        // The default is to ask online, which no cluster's authority supports: every server would be refused.
        X509ChainPolicy policy = new() { RevocationMode = X509RevocationMode.NoCheck };
        if (authority is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authority.Certificates);
        }

        return policy;
    }

    /// <summary>Checks the result of the handshake.</summary>
    /// <exception cref="AuthenticationException">The certificate is refused; the message gives the reason.</exception>
    public bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None || (errors == SslPolicyErrors.RemoteCertificateChainErrors && EndsAtAuthority(chain)))
        {
            return true;
        }

        throw new AuthenticationException(Explain(certificate as X509Certificate2, chain, errors));
    }

    /// <summary>
    /// Whether the only fault is that the chain ends at a configured certificate that is not a root: Go takes an
    /// intermediate, or the server's own certificate, for an anchor.
    /// </summary>
    private bool EndsAtAuthority(X509Chain? chain)
    {
        if (authority is null || chain is null || chain.ChainElements.Count == 0)
        {
            return false;
        }

        foreach (X509ChainStatus status in chain.ChainStatus)
        {
            if (status.Status != X509ChainStatusFlags.PartialChain)
            {
                return false;
            }
        }

        ReadOnlySpan<byte> last = chain.ChainElements[^1].Certificate.RawDataMemory.Span;
        foreach (X509Certificate2 anchor in authority.Certificates)
        {
            if (anchor.RawDataMemory.Span.SequenceEqual(last))
            {
                return true;
            }
        }

        return false;
    }

    private string Explain(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return "the server has no certificate";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return $"the server's certificate ({Shown(certificate.Subject)}) is not for \"{name}\"; "
                + "correct the server's address, or set tls-server-name to a name the certificate has";
        }

        string faults = string.Join(", ", (chain?.ChainStatus ?? []).Select(status => status.Status).Distinct());
        string trusted = authority is null ? "an authority of this system" : "a certificate of " + authority.Source;
        return $"the server's certificate ({Shown(certificate.Subject)}, issued by {Shown(certificate.Issuer)}) does not lead to {trusted} ({faults}); "
            + "set certificate-authority to the cluster's own";
    }

    /// <summary>Names come from an unverified peer: bounded, and without control characters.</summary>
    private static string Shown(string text) =>
        string.Concat(text.Take(MaxShownLength).Select(character => char.IsControl(character) ? '?' : character));
}
