using System.Net.Http.Headers;
using System.Text;
using KubeProxySharp.Kubernetes.Connection.Credentials;
using KubeProxySharp.Kubernetes.Connection.Transport;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>The client certificate and the credentials of a user of a kubeconfig.</summary>
/// <param name="user">The user.</param>
/// <param name="file">The kubeconfig, for errors.</param>
/// <param name="where">The path of the user in it, for errors.</param>
/// <param name="settings">The clock and the log.</param>
internal sealed class UserCredentials(UserEntry user, string file, string where, ConnectionSettings settings)
{
    /// <summary>Interval in which files of client certificates are reread (wire notes 5.4).</summary>
    private static readonly TimeSpan s_certificateInterval = TimeSpan.FromMinutes(5);

    private readonly List<IRereadFile> _files = [];

    /// <summary>The files of the certificate and the credentials returned so far that are reread when they change.</summary>
    public IReadOnlyList<IRereadFile> Files => _files;

    /// <summary>The client certificate.</summary>
    /// <exception cref="ConnectionException">The fields contradict each other or cannot be used.</exception>
    public Func<ClientCertificate?> Certificate()
    {
        Refuse(user.ClientCertificate.Length != 0 && user.ClientCertificateData.Length != 0, "has both client-certificate and client-certificate-data; remove one");
        Refuse(user.ClientKey.Length != 0 && !user.ClientKeyData.IsEmpty, "has both client-key and client-key-data; remove one");
        Refuse(user.HasCertificate && !user.HasKey, "has a client certificate but no key; set client-key or client-key-data");
        Refuse(user.HasKey && !user.HasCertificate, "has a client key but no certificate; set client-certificate or client-certificate-data");
        if (!user.HasCertificate)
        {
            return static () => null;
        }

        string field = $"{where}.client-certificate with client-key";
        if (user.ClientCertificate.Length != 0 && user.ClientKey.Length != 0)
        {
            RereadFile<ClientCertificate> pair = new(
                user.ClientCertificate, ReadPair, text => ClientCertificate.Parse(text, file, field), s_certificateInterval, settings);
            _files.Add(pair);
            return pair.Current;
        }

        ClientCertificate certificate = ClientCertificate.Parse(ReadPair(), file, field);
        return () => certificate;
    }

    /// <summary>The source of tokens and passwords; the plugin if the user has neither these nor a certificate.</summary>
    /// <exception cref="ConnectionException">The fields contradict each other or cannot be used.</exception>
    public ICredentialSource Source(ClusterEntry cluster, Uri server, string authorityPem)
    {
        Refuse(user.HasToken && user.HasPassword, "has a token and a password; remove username and password");
        if (user.TokenFile.Length != 0)
        {
            Credential? fallback = user.Token.IsEmpty ? null : BearerToken.Parse(user.Token.Reveal(), file, $"{where}.token");
            RereadFile<Credential> token = new(
                user.TokenFile,
                () => BoundedFile.ReadText(user.TokenFile, file, $"{where}.tokenFile"),
                text => BearerToken.Parse(text, file, $"{where}.tokenFile"),
                TokenFileCredential.Interval,
                settings,
                fallback);
            _files.Add(token);
            return new TokenFileCredential(token);
        }

        if (!user.Token.IsEmpty)
        {
            return new FixedCredential(BearerToken.Parse(user.Token.Reveal(), file, $"{where}.token"));
        }

        if (user.HasPassword)
        {
            Refuse(user.UserName.Contains(':', StringComparison.Ordinal), "has a username with a colon, which basic authentication cannot carry");
            string pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user.UserName}:{user.Password.Reveal()}"));
            return new FixedCredential(new(new AuthenticationHeaderValue("Basic", pair), null));
        }

        if (user.Plugin is null || user.HasCertificate)
        {
            return new FixedCredential(Credential.None);
        }

        return new PluginCredential(
            new(user.Plugin, PluginInfo.Write(user.Plugin, cluster, server, authorityPem), settings),
            settings.TimeProvider,
            settings.LoggerFactory.CreateLogger<ApiConnection>());
    }

    private string ReadPair()
    {
        string certificate = user.ClientCertificate.Length != 0
            ? BoundedFile.ReadText(user.ClientCertificate, file, $"{where}.client-certificate")
            : ClusterTrust.Decode(user.ClientCertificateData, file, $"{where}.client-certificate-data");
        string key = user.ClientKey.Length != 0
            ? BoundedFile.ReadText(user.ClientKey, file, $"{where}.client-key")
            : ClusterTrust.Decode(user.ClientKeyData.Reveal(), file, $"{where}.client-key-data");
        // The key goes first: a certificate file that also holds a key must not win over the field that names it.
        return $"{key}\n{certificate}";
    }

    private void Refuse(bool isWrong, string problem)
    {
        if (isWrong)
        {
            throw new ConnectionException(file, where, problem);
        }
    }
}
