using System.Text.Encodings.Web;
using System.Text.Json;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>
/// Writes objects in JSON, one by one or as a <c>v1</c> List that <see cref="ManifestReader"/> reads as the same objects. It has the fields
/// that a service proxy reads and no others: no annotations of users, no labels besides those that decide about rules. What is empty, 0 or
/// null is left out, except for fields of which null means something else than empty.
/// </summary>
public static class ManifestWriter
{
    /// <summary>The taint of a node that the cluster autoscaler is about to remove; written for any node that is leaving.</summary>
    public const string AutoscalerTaint = "ToBeDeletedByClusterAutoscaler";

    private const string AnyValue = "true";

    /// <summary>Writes all objects, ordered by kind and name.</summary>
    /// <param name="objects">The objects.</param>
    /// <param name="output">Where the JSON goes.</param>
    public static void Write(ManifestObjects objects, Stream output)
    {
        ArgumentNullException.ThrowIfNull(objects);
        using Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("apiVersion"u8, "v1"u8);
        json.WriteString("kind"u8, "List"u8);
        json.WriteStartArray("items"u8);
        WriteAll(json, objects.Nodes, Write);
        WriteAll(json, objects.ServiceCidrs, Write);
        WriteAll(json, objects.Services, Write);
        WriteAll(json, objects.EndpointSlices, Write);
        WriteAll(json, objects.Pods, Write);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteAll<TKey, T>(Utf8JsonWriter json, Dictionary<TKey, T> objects, Action<Utf8JsonWriter, T> write)
        where TKey : IComparable<TKey>
    {
        foreach (KeyValuePair<TKey, T> entry in objects.OrderBy(static entry => entry.Key))
        {
            json.WriteStartObject();
            write(json, entry.Value);
            json.WriteEndObject();
        }
    }

    /// <summary>Writes the fields of a Service into an object that the caller begins and ends.</summary>
    public static void Write(Utf8JsonWriter json, Service service)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(service);
        ServiceJson.Write(json, service);
    }

    /// <summary>Writes the fields of an EndpointSlice into an object that the caller begins and ends.</summary>
    public static void Write(Utf8JsonWriter json, EndpointSlice slice)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(slice);
        SliceJson.Write(json, slice);
    }

    /// <summary>Writes the fields of a Node into an object that the caller begins and ends.</summary>
    public static void Write(Utf8JsonWriter json, Node node)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(node);
        Head(json, "v1", "Node", new("", node.Name), node.Zone.Length == 0 ? [] : [(WellKnownLabels.Zone, node.Zone)]);
        json.WriteStartObject("spec"u8);
        Texts(json, "podCIDRs", node.PodCidrs);
        if (node.IsLeaving)
        {
            json.WriteStartArray("taints"u8);
            json.WriteStartObject();
            json.WriteString("key"u8, AutoscalerTaint);
            json.WriteString("effect"u8, "NoSchedule"u8);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteStartObject("status"u8);
        json.WriteStartArray("addresses"u8);
        foreach (NodeAddress address in node.Addresses)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, address.Type);
            json.WriteString("address"u8, address.Address);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes the fields of a ServiceCIDR into an object that the caller begins and ends.</summary>
    public static void Write(Utf8JsonWriter json, ServiceCidr cidr)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(cidr);
        Head(json, "networking.k8s.io/v1", "ServiceCIDR", new("", cidr.Name));
        json.WriteStartObject("spec"u8);
        Texts(json, "cidrs", cidr.Cidrs);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Pod pod)
    {
        Head(json, "v1", "Pod", pod.Name);
        json.WriteStartObject("spec"u8);
        Text(json, "nodeName", pod.NodeName);
        if (pod.IsHostNetwork)
        {
            json.WriteBoolean("hostNetwork"u8, true);
        }

        json.WriteEndObject();
        json.WriteStartObject("status"u8);
        json.WriteString("phase"u8, pod.HasEnded ? "Succeeded"u8 : "Running"u8);
        json.WriteStartArray("podIPs"u8);
        foreach (string address in pod.Addresses)
        {
            json.WriteStartObject();
            json.WriteString("ip"u8, address);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes the fields that all objects have into an object that the caller begins and ends.</summary>
    /// <param name="json">Receives them.</param>
    /// <param name="version">The group and version of the kind.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="name">The name; without a namespace if the object is in none.</param>
    /// <param name="labels">The labels; one without a value gets any, because only its presence counts.</param>
    public static void Head(Utf8JsonWriter json, string version, string kind, NamespacedName name, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteString("apiVersion"u8, version);
        json.WriteString("kind"u8, kind);
        json.WriteStartObject("metadata"u8);
        json.WriteString("name"u8, name.Name);
        Text(json, "namespace", name.Namespace);
        if (!labels.IsEmpty)
        {
            json.WriteStartObject("labels"u8);
            foreach ((string label, string value) in labels)
            {
                json.WriteString(label, value.Length == 0 ? AnyValue : value);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>A text, unless it is empty.</summary>
    internal static void Text(Utf8JsonWriter json, string field, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            json.WriteString(field, text);
        }
    }

    /// <summary>A number, unless it is 0.</summary>
    internal static void Number(Utf8JsonWriter json, string field, int number)
    {
        if (number != 0)
        {
            json.WriteNumber(field, number);
        }
    }

    /// <summary>A list of texts, unless it is empty.</summary>
    internal static void Texts(Utf8JsonWriter json, string field, EquatableArray<string> texts)
    {
        if (texts.IsEmpty)
        {
            return;
        }

        json.WriteStartArray(field);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
