using System.Globalization;
using System.Text;
using System.Text.Json;
using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi.Storage;

/// <summary>One version of one object, encoded once in both formats.</summary>
internal sealed class StoredObject
{
    private StoredObject(ResourceType type, byte[] json, JsonElement root, long version)
    {
        Type = type;
        Json = json;
        Version = version;
        Proto = ProtoEncoder.Encode(root, type.Message);
        JsonElement metadata = root.GetProperty("metadata");
        Name = TextOf(metadata, "name");
        Namespace = TextOf(metadata, "namespace");
        Uid = TextOf(metadata, "uid");
        Created = TextOf(metadata, "creationTimestamp");
        Key = KeyOf(Namespace, Name);
        if (metadata.TryGetProperty("labels", out JsonElement labels))
        {
            Labels = labels.EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString() ?? "", StringComparer.Ordinal);
        }

        Fields = new string[type.FieldLabels.Length];
        for (int index = 0; index < Fields.Length; index++)
        {
            Fields[index] = FieldOf(root, type.FieldLabels[index]);
        }
    }

    public ResourceType Type { get; }

    public long Version { get; }

    public string Namespace { get; }

    public string Name { get; }

    public string Uid { get; }

    public string Created { get; }

    /// <summary>namespace/name, or the name alone: lists are in its byte order (kubernetes-wire.md 2.3).</summary>
    public string Key { get; }

    /// <summary>The message without magic and envelope.</summary>
    public byte[] Proto { get; }

    /// <summary>The whole object with kind and apiVersion.</summary>
    public byte[] Json { get; }

    /// <summary>The JSON after kind and apiVersion, from which items of lists are made.</summary>
    public ReadOnlyMemory<byte> JsonMembers => Json.AsMemory(Type.KindPrefix.Length);

    public IReadOnlyDictionary<string, string> Labels { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The values of the type's field labels, in their order.</summary>
    public string[] Fields { get; }

    public static string KeyOf(string? @namespace, string name) => string.IsNullOrEmpty(@namespace) ? name : @namespace + "/" + name;

    /// <summary>Encodes a document; members of <paramref name="metadata"/> replace those of the document's metadata.</summary>
    public static StoredObject Create(ResourceType type, JsonElement document, Dictionary<string, string> metadata, long version)
    {
        metadata["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture);
        byte[] json = JsonCanonical.Write(document, type.Message, type.Kind, type.ApiVersion, metadata);
        using JsonDocument canonical = JsonDocument.Parse(json);
        return new StoredObject(type, json, canonical.RootElement, version);
    }

    /// <summary>The same content with another resourceVersion, as in a DELETED event (kubernetes-wire.md 3.3).</summary>
    public StoredObject WithVersion(long version)
    {
        using JsonDocument document = JsonDocument.Parse(Json);
        return Create(Type, document.RootElement, [], version);
    }

    /// <summary>An object with only a resourceVersion, and optionally the end marker (kubernetes-wire.md 3.2, 3.3).</summary>
    public static StoredObject Bookmark(ResourceType type, long version, bool endOfInitialEvents)
    {
        string metadata = endOfInitialEvents ? """{"metadata":{"annotations":{"k8s.io/initial-events-end":"true"}}}""" : "{}";
        using JsonDocument document = JsonDocument.Parse(metadata);
        return Create(type, document.RootElement, [], version);
    }

    private static string FieldOf(JsonElement root, string label)
    {
        JsonElement value = root;
        foreach (string part in label.Split('.'))
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(part, out value))
            {
                return label == "spec.unschedulable" ? "false" : "";
            }
        }

        return value.ValueKind == JsonValueKind.String ? value.GetString() ?? "" : value.GetRawText();
    }

    internal static string TextOf(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() ?? ""
            : "";

    public override string ToString() => Encoding.UTF8.GetString(Json);
}
