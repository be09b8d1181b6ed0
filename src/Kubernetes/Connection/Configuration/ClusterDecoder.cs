using System.Text.Json;
using KubeProxySharp.Kubernetes.Documents;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>Decodes a cluster of a kubeconfig.</summary>
internal static class ClusterDecoder
{
    private const string PluginExtension = "client.authentication.k8s.io/exec";

    /// <summary>Decodes a cluster.</summary>
    /// <param name="node">The value of <c>cluster</c>.</param>
    /// <param name="directory">The directory of the kubeconfig, which relative paths are relative to.</param>
    public static ClusterEntry Decode(DocumentNode node, string directory) => new()
    {
        Server = node["server"u8].AsString(""),
        CertificateAuthority = Resolve(node["certificate-authority"u8].AsString(""), directory),
        CertificateAuthorityData = node["certificate-authority-data"u8].AsString(""),
        InsecureSkipTlsVerify = node["insecure-skip-tls-verify"u8].AsBoolean() ?? false,
        TlsServerName = node["tls-server-name"u8].AsString(""),
        ProxyUrl = new(ConcealedText.Of(node["proxy-url"u8])),
        DisableCompression = node["disable-compression"u8].AsBoolean() ?? false,
        PluginConfig = PluginConfig(node["extensions"u8]),
    };

    /// <summary>Makes a path absolute; an empty one stays empty.</summary>
    public static string Resolve(string path, string directory) => path.Length == 0 ? "" : Path.GetFullPath(path, directory);

    private static byte[]? PluginConfig(DocumentNode extensions)
    {
        foreach (DocumentNode extension in extensions.Elements)
        {
            DocumentNode value = extension["extension"u8];
            if (extension["name"u8].AsString("") != PluginExtension || value.IsNull)
            {
                continue;
            }

            using MemoryStream json = new();
            using (Utf8JsonWriter writer = new(json))
            {
                Write(writer, value);
            }

            return json.ToArray();
        }

        return null;
    }

    private static void Write(Utf8JsonWriter writer, DocumentNode node)
    {
        switch (node.Kind)
        {
            case DocumentKind.Mapping:
                writer.WriteStartObject();
                foreach (DocumentNode member in node.Members)
                {
                    writer.WritePropertyName(member.Key);
                    Write(writer, member);
                }

                writer.WriteEndObject();
                break;
            case DocumentKind.Sequence:
                writer.WriteStartArray();
                foreach (DocumentNode element in node.Elements)
                {
                    Write(writer, element);
                }

                writer.WriteEndArray();
                break;
            case DocumentKind.Boolean:
                writer.WriteBooleanValue(node.AsBoolean() is true);
                break;
            case DocumentKind.Number when long.TryParse(node.Text, out long whole):
                writer.WriteNumberValue(whole);
                break;
            case DocumentKind.Number:
                writer.WriteNumberValue(node.AsDouble() ?? 0);
                break;
            case DocumentKind.Text:
                writer.WriteStringValue(node.Text);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }
}
