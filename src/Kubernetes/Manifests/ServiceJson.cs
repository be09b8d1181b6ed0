using System.Text.Json;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>Writes a Service as the API server would, with the fields that <see cref="ServiceDecoder"/> reads.</summary>
internal static class ServiceJson
{
    public static void Write(Utf8JsonWriter json, Service service)
    {
        ManifestWriter.Head(json, "v1", "Service", service.Name, service.IsForOtherProxy ? [(WellKnownLabels.ServiceProxyName, "other")] : []);
        json.WriteStartObject("spec"u8);
        json.WriteString("type"u8, service.Type);
        ManifestWriter.Text(json, "clusterIP", service.ClusterIP);
        ManifestWriter.Texts(json, "clusterIPs", service.ClusterIPs);
        ManifestWriter.Texts(json, "ipFamilies", service.IpFamilies);
        ManifestWriter.Texts(json, "externalIPs", service.ExternalIPs);
        ManifestWriter.Texts(json, "loadBalancerSourceRanges", service.LoadBalancerSourceRanges);
        WritePorts(json, service);
        json.WriteString("sessionAffinity"u8, service.SessionAffinity);
        if (service.SessionAffinityTimeoutSeconds is { } seconds)
        {
            json.WriteStartObject("sessionAffinityConfig"u8);
            json.WriteStartObject("clientIP"u8);
            json.WriteNumber("timeoutSeconds"u8, seconds);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        ManifestWriter.Text(json, "externalTrafficPolicy", service.ExternalTrafficPolicy);
        if (service.InternalTrafficPolicy is { } policy)
        {
            json.WriteString("internalTrafficPolicy"u8, policy);
        }

        ManifestWriter.Number(json, "healthCheckNodePort", service.HealthCheckNodePort);
        json.WriteEndObject();
        WriteStatus(json, service);
    }

    private static void WritePorts(Utf8JsonWriter json, Service service)
    {
        json.WriteStartArray("ports"u8);
        foreach (ServicePort port in service.Ports)
        {
            json.WriteStartObject();
            ManifestWriter.Text(json, "name", port.Name);
            json.WriteString("protocol"u8, port.Protocol);
            json.WriteNumber("port"u8, port.Port);
            ManifestWriter.Number(json, "nodePort", port.NodePort);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteStatus(Utf8JsonWriter json, Service service)
    {
        if (service.LoadBalancerIngress.IsEmpty)
        {
            return;
        }

        json.WriteStartObject("status"u8);
        json.WriteStartObject("loadBalancer"u8);
        json.WriteStartArray("ingress"u8);
        foreach (LoadBalancerIngress ingress in service.LoadBalancerIngress)
        {
            json.WriteStartObject();
            ManifestWriter.Text(json, "ip", ingress.Ip);
            if (ingress.IpMode is { } mode)
            {
                json.WriteString("ipMode"u8, mode);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
