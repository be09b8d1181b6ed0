using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using KubeProxySharp.Kubernetes.Connection.Transport;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>The credential that a plugin returned.</summary>
/// <param name="Credential">The credential.</param>
/// <param name="Expiration">When it expires; null for never.</param>
internal sealed record PluginAnswer(Credential Credential, DateTimeOffset? Expiration)
{
    private const string Subject = "credential plugin";

    /// <summary>Reads an ExecCredential (wire notes 5.5). Errors contain no part of it.</summary>
    /// <param name="json">What the plugin printed.</param>
    /// <param name="apiVersion">The version that was requested.</param>
    /// <exception cref="ConnectionException">It is not an ExecCredential; the message continues "the plugin printed".</exception>
    public static PluginAnswer Parse(ReadOnlyMemory<byte> json, string apiVersion)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            if (Text(root, "kind") != "ExecCredential" || Text(root, "apiVersion") != apiVersion)
            {
                throw Wrong($"no ExecCredential of {apiVersion}; make the plugin and the field apiVersion agree");
            }

            return root.TryGetProperty("status", out JsonElement status) && status.ValueKind == JsonValueKind.Object
                ? Read(status)
                : throw Wrong("an ExecCredential without status; does it need to be logged in first?");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Wrong($"{json.Length} bytes that are not an ExecCredential in JSON; it must print nothing else to its output");
        }
    }

    private static PluginAnswer Read(JsonElement status)
    {
        string token = Text(status, "token");
        string certificate = Text(status, "clientCertificateData");
        string key = Text(status, "clientKeyData");
        if ((certificate.Length == 0) != (key.Length == 0))
        {
            throw Wrong("a certificate without its key, or a key without its certificate; it must give both");
        }

        if (token.Length + certificate.Length == 0)
        {
            throw Wrong("neither a token nor a certificate; does it need to be logged in first?");
        }

        AuthenticationHeaderValue? header = token.Length == 0 ? null : BearerToken.Header(token, Subject, "status.token");
        ClientCertificate? own = certificate.Length == 0
            ? null
            : ClientCertificate.Parse($"{certificate}\n{key}", Subject, "status.clientCertificateData with status.clientKeyData");
        return new(new(header, own), Expires(Text(status, "expirationTimestamp")));
    }

    private static DateTimeOffset? Expires(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : throw Wrong("an expirationTimestamp that is not a time; it must be like 2026-01-31T12:00:00Z");
    }

    private static string Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value.GetString() ?? "" : "";

    private static ConnectionException Wrong(string problem) => new(Subject, "printed", problem);
}
