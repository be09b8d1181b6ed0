using System.Text.Json;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>Writes an EndpointSlice as the API server would, with the fields that <see cref="EndpointSliceDecoder"/> reads.</summary>
internal static class SliceJson
{
    public static void Write(Utf8JsonWriter json, EndpointSlice slice)
    {
        List<(string Name, string Value)> labels = [];
        if (slice.ServiceName.Length != 0)
        {
            labels.Add((WellKnownLabels.ServiceName, slice.ServiceName));
        }

        if (slice.IsHeadless)
        {
            labels.Add((WellKnownLabels.Headless, ""));
        }

        ManifestWriter.Head(json, "discovery.k8s.io/v1", "EndpointSlice", slice.Name, [.. labels]);
        json.WriteString("addressType"u8, slice.AddressType == AddressType.Other ? "FQDN" : slice.AddressType.ToString());
        json.WriteStartArray("ports"u8);
        foreach (SlicePort port in slice.Ports)
        {
            json.WriteStartObject();
            if (port.Name is { } name)
            {
                json.WriteString("name"u8, name);
            }

            json.WriteString("protocol"u8, port.Protocol.ToUpperText());
            ManifestWriter.Number(json, "port", port.Port);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("endpoints"u8);
        foreach (SliceEndpoint endpoint in slice.Endpoints)
        {
            Write(json, endpoint);
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, in SliceEndpoint endpoint)
    {
        json.WriteStartObject();
        json.WriteStartArray("addresses"u8);
        json.WriteStringValue(endpoint.Address.ToString());
        json.WriteEndArray();
        json.WriteStartObject("conditions"u8);
        json.WriteBoolean("ready"u8, endpoint.Conditions.HasFlag(EndpointConditions.Ready));
        json.WriteBoolean("serving"u8, endpoint.Conditions.HasFlag(EndpointConditions.Serving));
        json.WriteBoolean("terminating"u8, endpoint.Conditions.HasFlag(EndpointConditions.Terminating));
        json.WriteEndObject();
        if (endpoint.NodeName is { } node)
        {
            json.WriteString("nodeName"u8, node);
        }

        if (!endpoint.ZoneHints.IsEmpty || !endpoint.NodeHints.IsEmpty)
        {
            json.WriteStartObject("hints"u8);
            Hints(json, "forZones", endpoint.ZoneHints);
            Hints(json, "forNodes", endpoint.NodeHints);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Hints(Utf8JsonWriter json, string field, EquatableArray<string> names)
    {
        if (names.IsEmpty)
        {
            return;
        }

        json.WriteStartArray(field);
        foreach (string name in names)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, name);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
