using System.Text.Json;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Recording;

/// <summary>
/// Writes objects as Kubernetes does, with the fields that rules depend on and no others: no annotations, no labels but those that
/// decide about rules.
/// </summary>
internal static class ObjectJsonWriter
{
    /// <summary>Writes an object as an event of a watch.</summary>
    /// <typeparam name="T">The type of the object.</typeparam>
    /// <param name="json">Receives it.</param>
    /// <param name="kind">The kind of the object.</param>
    /// <param name="name">The name of the object.</param>
    /// <param name="value">The object; null if it is gone.</param>
    /// <param name="write">Writes its fields after the metadata.</param>
    public static void WriteEvent<T>(Utf8JsonWriter json, string kind, NamespacedName name, T? value, Action<Utf8JsonWriter, T> write)
        where T : class
    {
        json.WriteStartObject();
        json.WriteString("type", value is null ? EntryNames.Delete : EntryNames.Put);
        json.WriteStartObject("object");
        json.WriteString("apiVersion", kind switch
        {
            EntryNames.EndpointSlice => "discovery.k8s.io/v1",
            EntryNames.ServiceCidr => "networking.k8s.io/v1",
            _ => "v1",
        });
        json.WriteString("kind", kind);
        json.WriteStartObject("metadata");
        if (name.Namespace.Length != 0)
        {
            json.WriteString("namespace", name.Namespace);
        }

        json.WriteString("name", name.Name);
        WriteLabels(json, value);
        json.WriteEndObject();
        if (value is not null)
        {
            write(json, value);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Writes the spec and status of a Service.</summary>
    public static void Write(Utf8JsonWriter json, Service service)
    {
        json.WriteStartObject("spec");
        json.WriteString("type", service.Type);
        json.WriteString("clusterIP", service.ClusterIP);
        EntryJsonWriter.WriteTexts(json, "clusterIPs", service.ClusterIPs);
        EntryJsonWriter.WriteTexts(json, "ipFamilies", service.IpFamilies);
        json.WriteStartArray("ports");
        foreach (ServicePort port in service.Ports)
        {
            json.WriteStartObject();
            json.WriteString("name", port.Name);
            json.WriteString("protocol", port.Protocol);
            json.WriteNumber("port", port.Port);
            json.WriteNumber("nodePort", port.NodePort);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        EntryJsonWriter.WriteTexts(json, "externalIPs", service.ExternalIPs);
        EntryJsonWriter.WriteTexts(json, "loadBalancerSourceRanges", service.LoadBalancerSourceRanges);
        json.WriteString("sessionAffinity", service.SessionAffinity);
        if (service.SessionAffinityTimeoutSeconds is { } timeout)
        {
            json.WriteStartObject("sessionAffinityConfig");
            json.WriteStartObject("clientIP");
            json.WriteNumber("timeoutSeconds", timeout);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteString("externalTrafficPolicy", service.ExternalTrafficPolicy);
        if (service.InternalTrafficPolicy is { } policy)
        {
            json.WriteString("internalTrafficPolicy", policy);
        }

        json.WriteNumber("healthCheckNodePort", service.HealthCheckNodePort);
        json.WriteEndObject();
        if (!service.LoadBalancerIngress.IsEmpty)
        {
            WriteIngress(json, service.LoadBalancerIngress);
        }
    }

    /// <summary>Writes the fields of an EndpointSlice.</summary>
    public static void Write(Utf8JsonWriter json, EndpointSlice slice)
    {
        json.WriteString("addressType", slice.AddressType switch { AddressType.IPv4 => "IPv4", AddressType.IPv6 => "IPv6", _ => "FQDN" });
        json.WriteStartArray("ports");
        foreach (SlicePort port in slice.Ports)
        {
            json.WriteStartObject();
            if (port.Name is { } name)
            {
                json.WriteString("name", name);
            }

            json.WriteString("protocol", port.Protocol.ToUpperText());
            if (port.Port != 0)
            {
                json.WriteNumber("port", port.Port);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("endpoints");
        foreach (SliceEndpoint endpoint in slice.Endpoints)
        {
            Write(json, endpoint);
        }

        json.WriteEndArray();
    }

    /// <summary>Writes the spec and status of a Node.</summary>
    public static void Write(Utf8JsonWriter json, Node node)
    {
        json.WriteStartObject("spec");
        EntryJsonWriter.WriteTexts(json, "podCIDRs", node.PodCidrs);
        json.WriteEndObject();
        json.WriteStartObject("status");
        json.WriteStartArray("addresses");
        foreach (NodeAddress address in node.Addresses)
        {
            json.WriteStartObject();
            json.WriteString("type", address.Type);
            json.WriteString("address", address.Address);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes the spec of a ServiceCIDR.</summary>
    public static void Write(Utf8JsonWriter json, ServiceCidr cidr)
    {
        json.WriteStartObject("spec");
        EntryJsonWriter.WriteTexts(json, "cidrs", cidr.Cidrs);
        json.WriteEndObject();
    }

    private static void WriteLabels(Utf8JsonWriter json, object? value)
    {
        (string Key, string Value)[] labels = value switch
        {
            Service { IsForOtherProxy: true } => [(WellKnownLabels.ServiceProxyName, "other")],
            EndpointSlice slice => [.. slice.ServiceName.Length == 0 ? [] : ((string, string)[])[(WellKnownLabels.ServiceName, slice.ServiceName)], .. slice.IsHeadless ? ((string, string)[])[(WellKnownLabels.Headless, "")] : []],
            Node { Zone.Length: > 0 } node => [(WellKnownLabels.Zone, node.Zone)],
            _ => [],
        };
        if (labels.Length == 0)
        {
            return;
        }

        json.WriteStartObject("labels");
        foreach ((string key, string text) in labels)
        {
            json.WriteString(key, text);
        }

        json.WriteEndObject();
    }

    private static void WriteIngress(Utf8JsonWriter json, EquatableArray<LoadBalancerIngress> ingress)
    {
        json.WriteStartObject("status");
        json.WriteStartObject("loadBalancer");
        json.WriteStartArray("ingress");
        foreach (LoadBalancerIngress entry in ingress)
        {
            json.WriteStartObject();
            json.WriteString("ip", entry.Ip);
            if (entry.IpMode is { } mode)
            {
                json.WriteString("ipMode", mode);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, in SliceEndpoint endpoint)
    {
        json.WriteStartObject();
        json.WriteStartArray("addresses");
        json.WriteStringValue(endpoint.Address.ToString());
        json.WriteEndArray();
        json.WriteStartObject("conditions");
        json.WriteBoolean("ready", endpoint.Conditions.HasFlag(EndpointConditions.Ready));
        json.WriteBoolean("serving", endpoint.Conditions.HasFlag(EndpointConditions.Serving));
        json.WriteBoolean("terminating", endpoint.Conditions.HasFlag(EndpointConditions.Terminating));
        json.WriteEndObject();
        if (endpoint.NodeName is { } node)
        {
            json.WriteString("nodeName", node);
        }

        if (!endpoint.ZoneHints.IsEmpty || !endpoint.NodeHints.IsEmpty)
        {
            json.WriteStartObject("hints");
            WriteHints(json, "forZones", endpoint.ZoneHints);
            WriteHints(json, "forNodes", endpoint.NodeHints);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteHints(Utf8JsonWriter json, string name, EquatableArray<string> hints)
    {
        if (hints.IsEmpty)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (string hint in hints)
        {
            json.WriteStartObject();
            json.WriteString("name", hint);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
