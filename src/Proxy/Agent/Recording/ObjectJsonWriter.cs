using System.Text.Json;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Recording;

/// <summary>Writes objects as the events of a watch, with the fields that <see cref="ManifestWriter"/> writes.</summary>
internal static class ObjectJsonWriter
{
    /// <summary>Writes an event.</summary>
    /// <typeparam name="T">The type of the object.</typeparam>
    /// <param name="json">Receives it.</param>
    /// <param name="kind">The kind of the object.</param>
    /// <param name="name">The name of the object.</param>
    /// <param name="value">The object; null if it is gone.</param>
    /// <param name="write">Writes its fields.</param>
    public static void WriteEvent<T>(Utf8JsonWriter json, string kind, NamespacedName name, T? value, Action<Utf8JsonWriter, T> write)
        where T : class
    {
        json.WriteStartObject();
        json.WriteString("type", value is null ? EntryNames.Delete : EntryNames.Put);
        json.WriteStartObject("object");
        if (value is null)
        {
            ManifestWriter.Head(json, VersionOf(kind), kind, name);
        }
        else
        {
            write(json, value);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string VersionOf(string kind) => kind switch
    {
        EntryNames.EndpointSlice => "discovery.k8s.io/v1",
        EntryNames.ServiceCidr => "networking.k8s.io/v1",
        _ => "v1",
    };
}
