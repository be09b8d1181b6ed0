using System.Text;
using System.Text.Json;
using KubeProxySharp.Kubernetes.Connection.Configuration;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>Writes KUBERNETES_EXEC_INFO, the description of the cluster for a plugin (wire notes 5.5).</summary>
internal static class PluginInfo
{
    /// <summary>Writes the JSON text.</summary>
    /// <param name="entry">The plugin.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="server">Its server.</param>
    /// <param name="authorityPem">The certificates of its authority; empty if there are none.</param>
    public static string Write(PluginEntry entry, ClusterEntry cluster, Uri server, string authorityPem)
    {
        using MemoryStream json = new();
        using (Utf8JsonWriter writer = new(json))
        {
            writer.WriteStartObject();
            writer.WriteString("apiVersion"u8, entry.ApiVersion);
            writer.WriteString("kind"u8, "ExecCredential"u8);
            writer.WriteStartObject("spec"u8);
            if (entry.ProvidesClusterInfo)
            {
                writer.WriteStartObject("cluster"u8);
                WriteCluster(writer, cluster, server, authorityPem);
                writer.WriteEndObject();
            }

            writer.WriteBoolean("interactive"u8, value: false);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(json.GetBuffer().AsSpan(0, (int)json.Length));
    }

    private static void WriteCluster(Utf8JsonWriter writer, ClusterEntry cluster, Uri server, string authorityPem)
    {
        writer.WriteString("server"u8, server.AbsoluteUri.TrimEnd('/'));
        if (cluster.TlsServerName.Length != 0)
        {
            writer.WriteString("tls-server-name"u8, cluster.TlsServerName);
        }

        if (cluster.InsecureSkipTlsVerify)
        {
            writer.WriteBoolean("insecure-skip-tls-verify"u8, value: true);
        }

        if (authorityPem.Length != 0)
        {
            writer.WriteBase64String("certificate-authority-data"u8, Encoding.UTF8.GetBytes(authorityPem));
        }

        if (!cluster.ProxyUrl.IsEmpty)
        {
            writer.WriteString("proxy-url"u8, cluster.ProxyUrl.Reveal());
        }

        if (cluster.DisableCompression)
        {
            writer.WriteBoolean("disable-compression"u8, value: true);
        }

        if (cluster.PluginConfig is { } config)
        {
            writer.WritePropertyName("config"u8);
            writer.WriteRawValue(config);
        }
    }
}
