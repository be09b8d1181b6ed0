using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Kubernetes.Tests.Connection;

/// <summary>Issues certificates.</summary>
public sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset s_from = TimeProvider.System.GetUtcNow().AddDays(-1);
    private static readonly DateTimeOffset s_to = s_from.AddDays(30);

    private TestAuthority(X509Certificate2 certificate)
    {
        Certificate = certificate;
    }

    public X509Certificate2 Certificate { get; }

    public string Pem => Certificate.ExportCertificatePem() + "\n";

    public static TestAuthority Create(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(Request(name, key, isAuthority: true).CreateSelfSigned(s_from, s_to));
    }

    public TestAuthority Intermediate(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = Sign(Request(name, key, isAuthority: true));
        return new(certificate.CopyWithPrivateKey(key));
    }

    public X509Certificate2 Server(params string[] names)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = Request("server", key, isAuthority: false);
        SubjectAlternativeNameBuilder alternatives = new();
        byte[] bytes = new byte[16];
        foreach (string name in names)
        {
            if (IpAddress.TryParse(name, out IpAddress address))
            {
                alternatives.AddIpAddress(new IPAddress(bytes.AsSpan(0, address.WriteBytes(bytes))));
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        using X509Certificate2 certificate = Sign(request);
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>The PEM of a certificate and of its key.</summary>
    public (string Certificate, string Key) Client(string name, bool isRsa = false)
    {
        if (isRsa)
        {
            using RSA rsa = RSA.Create(2048);
            using X509Certificate2 signed = Sign(new(Name(name), rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
            return (signed.ExportCertificatePem() + "\n", rsa.ExportRSAPrivateKeyPem() + "\n");
        }

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = Sign(Request(name, key, isAuthority: false));
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    /// <summary>A certificate for an Ed25519 key, which .NET cannot make itself.</summary>
    public (string Certificate, string Key) Ed25519Client()
    {
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        byte[] pkcs8 = [.. Convert.FromHexString("302E020100300506032B657004220420"), .. secret];
        PublicKey key = new(new Oid("1.3.101.112"), null, new AsnEncodedData(RandomNumberGenerator.GetBytes(32)));
        using X509Certificate2 certificate = Sign(new(Name("ed"), key, HashAlgorithmName.SHA256));
        return (certificate.ExportCertificatePem() + "\n", PemEncoding.WriteString("PRIVATE KEY", pkcs8) + "\n");
    }

    public void Dispose() => Certificate.Dispose();

    private static X500DistinguishedName Name(string name) => new($"CN={name}");

    private static CertificateRequest Request(string name, ECDsa key, bool isAuthority)
    {
        CertificateRequest request = new(Name(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    private X509Certificate2 Sign(CertificateRequest request) => request.Create(
        Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(Certificate.GetECDsaPrivateKey()!), s_from, s_to, RandomNumberGenerator.GetBytes(8));
}
