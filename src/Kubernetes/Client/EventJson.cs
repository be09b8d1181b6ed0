using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>
/// JSON of the library's types that Events need. The library's own reader of JSON knows all types of Kubernetes, and a
/// native program pays for them before it reads any: 16 MB of memory.
/// </summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(KubernetesJson.KubernetesDateTimeConverter)])]
[JsonSerializable(typeof(Eventsv1Event))]
[JsonSerializable(typeof(V1ServiceList))]
internal sealed partial class EventJson : JsonSerializerContext;
