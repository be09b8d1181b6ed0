using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>The pages <c>/flagz</c> and <c>/statusz</c> (spec 10.3), as text and as JSON.</summary>
/// <param name="flags">All flags with their values, ordered by name; without secrets.</param>
/// <param name="paths">The paths of the server.</param>
/// <param name="time">The clock.</param>
internal sealed class StatusPages(IReadOnlyList<KeyValuePair<string, string>> flags, IReadOnlyList<string> paths, TimeProvider time)
{
    /// <summary>API group of the JSON forms.</summary>
    public const string ApiGroup = "config.k8s.io";

    /// <summary>API version of the JSON forms.</summary>
    public const string ApiVersion = "v1alpha1";

    private const string Component = "kube-proxy";
    private const string Warning = "Warning: This page is for people; its form may change with every version.\n";

    private readonly DateTimeOffset _started = time.GetUtcNow();

    /// <summary>The flags as text.</summary>
    public string FlagsText()
    {
        StringBuilder text = new($"\n{Component} flagz\n{Warning}\n");
        foreach ((string name, string value) in flags)
        {
            text.Append(name).Append('=').Append(value).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The flags as JSON.</summary>
    public ReadOnlyMemory<byte> FlagsJson() => Json("Flagz", json =>
    {
        json.WriteStartObject("flags");
        foreach ((string name, string value) in flags)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
    });

    /// <summary>The status as text.</summary>
    public string StatusText()
    {
        TimeSpan up = time.GetUtcNow() - _started;
        return $"""

            {Component} statusz
            {Warning}
            Started: {_started.ToString("ddd MMM d HH:mm:ss 'UTC' yyyy", CultureInfo.InvariantCulture)}
            Up: {(int)up.TotalHours} hr {up.Minutes:00} min {up.Seconds:00} sec
            Runtime: {BuildInformation.Runtime}
            Program version: kube-proxy-sharp {BuildInformation.Version}
            Binary version: {KubernetesVersion.Text}
            Emulation version: {BuildInformation.KubernetesMajor}.{BuildInformation.KubernetesMinor}
            Paths: {string.Join(' ', paths)}

            """;
    }

    /// <summary>The status as JSON.</summary>
    public ReadOnlyMemory<byte> StatusJson() => Json("Statusz", json =>
    {
        json.WriteString("startTime", _started.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        json.WriteNumber("uptimeSeconds", (long)(time.GetUtcNow() - _started).TotalSeconds);
        json.WriteString("binaryVersion", KubernetesVersion.Text);
        json.WriteString("emulationVersion", $"{BuildInformation.KubernetesMajor}.{BuildInformation.KubernetesMinor}");
        json.WriteStartArray("paths");
        foreach (string path in paths)
        {
            json.WriteStringValue(path);
        }

        json.WriteEndArray();
    });

    private static ReadOnlyMemory<byte> Json(string kind, Action<Utf8JsonWriter> writeFields)
    {
        ArrayBufferWriter<byte> body = new();
        using Utf8JsonWriter json = new(body);
        json.WriteStartObject();
        json.WriteString("kind", kind);
        json.WriteString("apiVersion", $"{ApiGroup}/{ApiVersion}");
        json.WriteStartObject("metadata");
        json.WriteString("name", Component);
        json.WriteEndObject();
        writeFields(json);
        json.WriteEndObject();
        json.Flush();
        return body.WrittenMemory;
    }
}
