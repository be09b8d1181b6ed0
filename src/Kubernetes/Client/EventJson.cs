using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>
/// JSON that the writer of Events needs. The library's own serializer knows all types of Kubernetes, which costs a native
/// program 16 MB of memory before it has read any of them.
/// </summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(KubernetesJson.KubernetesDateTimeConverter)])]
[JsonSerializable(typeof(Eventsv1Event))]
[JsonSerializable(typeof(PartialObjectList))]
internal sealed partial class EventJson : JsonSerializerContext;

/// <summary>
/// The names and uids of a list: of a <c>PartialObjectMetadataList</c> (meta.k8s.io/v1), or of a whole list such as
/// <c>ServiceList</c>, of which the rest is skipped.
/// </summary>
internal sealed record PartialObjectList(IReadOnlyList<PartialObject>? Items);

/// <summary>An object of which nothing but the metadata is read.</summary>
internal sealed record PartialObject(PartialMetadata? Metadata);

internal sealed record PartialMetadata(string? Name, string? Uid);
