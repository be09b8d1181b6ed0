using System.Text;
using KubeProxySharp.Kubernetes.Connection.Credentials;
using KubeProxySharp.Kubernetes.Connection.Transport;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>The certificate authority of a cluster of a kubeconfig.</summary>
/// <param name="Authority">Gets the current authority; null for the system's authorities.</param>
/// <param name="Pem">Its certificates, for credential plugins; empty if there are none.</param>
internal sealed record ClusterTrust(Func<ServerAuthority?> Authority, string Pem)
{
    /// <summary>The file that is reread when it changes; empty if there is none.</summary>
    public IReadOnlyList<IRereadFile> Files { get; init; } = [];

    /// <summary>Reads the fields of a cluster.</summary>
    /// <exception cref="ConnectionException">The fields contradict each other or cannot be used.</exception>
    public static ClusterTrust Of(ClusterEntry cluster, string file, string where, ConnectionSettings settings)
    {
        bool hasFile = cluster.CertificateAuthority.Length != 0;
        bool hasData = cluster.CertificateAuthorityData.Length != 0;
        if (hasFile && hasData)
        {
            throw new ConnectionException(file, where, "has both certificate-authority and certificate-authority-data; remove one");
        }

        if (cluster.InsecureSkipTlsVerify && (hasFile || hasData))
        {
            throw new ConnectionException(file, where, "has a certificate authority and insecure-skip-tls-verify; remove one, better the latter");
        }

        if (hasFile)
        {
            return FromFile(cluster.CertificateAuthority, file, $"{where}.certificate-authority", settings);
        }

        if (!hasData)
        {
            return new(static () => null, "");
        }

        string field = $"{where}.certificate-authority-data";
        string pem = Decode(cluster.CertificateAuthorityData, file, field);
        ServerAuthority authority = ServerAuthority.Parse(pem, file, field);
        return new(() => authority, pem);
    }

    /// <summary>Decodes the base64 of a text.</summary>
    /// <exception cref="ConnectionException">It is not base64; the message does not contain the text.</exception>
    public static string Decode(string base64, string file, string field)
    {
        byte[] decoded = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, decoded, out int length)
            ? Encoding.UTF8.GetString(decoded.AsSpan(0, length))
            : throw new ConnectionException(file, field, "is not base64; encode the PEM file with: base64 -w0");
    }

    private static ClusterTrust FromFile(string path, string file, string field, ConnectionSettings settings)
    {
        RereadFile<ServerAuthority> reread = new(
            path,
            () => BoundedFile.ReadText(path, file, field),
            text => ServerAuthority.Parse(text, file, field),
            InClusterPlan.AuthorityInterval,
            settings);
        return new(reread.Current, BoundedFile.ReadText(path, file, field)) { Files = [reread] };
    }
}
