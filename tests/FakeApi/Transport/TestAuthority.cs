using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KubeProxySharp.FakeApi.Transport;

/// <summary>A certificate authority made at run time, and the certificates it issues.</summary>
public sealed class TestAuthority : IDisposable
{
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    private readonly X509Certificate2 _authority;
    private readonly X509Certificate2 _stranger;
    private readonly Dictionary<ServerCertificate, X509Certificate2> _servers;
    private readonly DateTimeOffset _now;

    internal TestAuthority(TimeProvider time)
    {
        _now = time.GetUtcNow();
        _authority = CreateAuthority("fake-api-ca");
        _stranger = CreateAuthority("another-ca");
        _servers = new()
        {
            [ServerCertificate.Valid] = Issue(_authority, "kube-apiserver", ["localhost", "kubernetes.default.svc"], local: true, client: false, _now + (10 * s_day)),
            [ServerCertificate.WrongName] = Issue(_authority, "other", ["other.example"], local: false, client: false, _now + (10 * s_day)),
            [ServerCertificate.UnknownAuthority] = Issue(_stranger, "kube-apiserver", ["localhost"], local: true, client: false, _now + (10 * s_day)),
            [ServerCertificate.Expired] = Issue(_authority, "kube-apiserver", ["localhost"], local: true, client: false, _now - s_day),
        };
    }

    /// <summary>The CA certificate as PEM, for clients.</summary>
    public string AuthorityPem => _authority.ExportCertificatePem();

    /// <summary>The CA certificate without its key.</summary>
    public X509Certificate2 AuthorityCertificate => X509CertificateLoader.LoadCertificate(_authority.RawData);

    /// <summary>A client certificate; the user is the common name.</summary>
    /// <returns>Certificate and key as PEM.</returns>
    public (string Certificate, string Key) IssueClient(string user)
    {
        using X509Certificate2 issued = Issue(_authority, user, [], local: false, client: true, _now + (10 * s_day));
        using ECDsa key = issued.GetECDsaPrivateKey() ?? throw new InvalidOperationException("the certificate was made with its key");
        return (issued.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _authority.Dispose();
        _stranger.Dispose();
        foreach (X509Certificate2 certificate in _servers.Values)
        {
            certificate.Dispose();
        }
    }

    internal X509Certificate2 Server(ServerCertificate which) => _servers[which];

    /// <summary>Whether this CA has issued a client's certificate.</summary>
    internal bool HasIssued(X509Certificate2 certificate)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private X509Certificate2 CreateAuthority(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, true));
        return request.CreateSelfSigned(_now - (100 * s_day), _now + (100 * s_day));
    }

    private X509Certificate2 Issue(X509Certificate2 issuer, string name, string[] hosts, bool local, bool client, DateTimeOffset until)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(client ? "1.3.6.1.5.5.7.3.2" : "1.3.6.1.5.5.7.3.1")], false));
        SubjectAlternativeNameBuilder names = new();
        foreach (string host in hosts)
        {
            names.AddDnsName(host);
        }

        if (local)
        {
            names.AddIpAddress(IPAddress.Loopback);
            names.AddIpAddress(IPAddress.IPv6Loopback);
        }

        if (hosts.Length > 0)
        {
            request.CertificateExtensions.Add(names.Build());
        }

        using X509Certificate2 bare = request.Create(issuer, _now - (50 * s_day), until, RandomNumberGenerator.GetBytes(8));
        return bare.CopyWithPrivateKey(key);
    }
}

/// <summary>The certificate that the server presents.</summary>
public enum ServerCertificate
{
    /// <summary>For localhost and its addresses, issued by the CA that clients trust.</summary>
    Valid,

    /// <summary>Issued by that CA for another name.</summary>
    WrongName,

    /// <summary>Issued by an unknown CA.</summary>
    UnknownAuthority,

    /// <summary>Issued by that CA, but expired.</summary>
    Expired,
}
