using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>Decodes a Service from YAML or JSON, with the API server's defaults for hand-written files (wire notes 7.3).</summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class ServiceDecoder(Utf8StringPool pool)
{
    public Service Decode(DocumentNode document)
    {
        DocumentNode spec = document["spec"u8];
        EquatableArray<string> clusterIPs = Texts(spec["clusterIPs"u8]);
        string clusterIP = Text(spec["clusterIP"u8], clusterIPs.IsEmpty ? "" : clusterIPs[0]);
        EquatableArray<string> families = Texts(spec["ipFamilies"u8]);
        if (clusterIPs.IsEmpty && !families.IsEmpty && clusterIP.Length != 0)
        {
            clusterIPs = [clusterIP];
        }

        return new Service
        {
            Name = ObjectMeta.NamespacedName(document, pool),
            IsForOtherProxy = !document["metadata"u8]["labels"u8]["service.kubernetes.io/service-proxy-name"u8].IsNull,
            Type = Text(spec["type"u8], Service.ClusterIPType),
            ClusterIP = clusterIP,
            ClusterIPs = clusterIPs,
            IpFamilies = families.IsEmpty ? FamiliesOf(clusterIPs) : families,
            Ports = Ports(spec["ports"u8]),
            ExternalIPs = Texts(spec["externalIPs"u8]),
            LoadBalancerSourceRanges = Texts(spec["loadBalancerSourceRanges"u8]),
            LoadBalancerIngress = Ingress(document["status"u8]["loadBalancer"u8]["ingress"u8]),
            SessionAffinity = Text(spec["sessionAffinity"u8], "None"),
            SessionAffinityTimeoutSeconds = spec["sessionAffinityConfig"u8]["clientIP"u8]["timeoutSeconds"u8].AsInt32(),
            ExternalTrafficPolicy = Text(spec["externalTrafficPolicy"u8], ""),
            InternalTrafficPolicy = Text(spec["internalTrafficPolicy"u8], "Cluster"),
            HealthCheckNodePort = spec["healthCheckNodePort"u8].AsInt32() ?? 0,
        };
    }

    private static EquatableArray<string> FamiliesOf(EquatableArray<string> clusterIPs)
    {
        List<string> families = [];
        foreach (string text in clusterIPs)
        {
            if (!IpAddress.TryParse(text, out IpAddress address))
            {
                // Left to the reader of the strict model, which names the field.
                return default;
            }

            families.Add(address.IsIPv4 ? "IPv4" : "IPv6");
        }

        return EquatableArray.CopyOf(families);
    }

    private EquatableArray<ServicePort> Ports(DocumentNode list)
    {
        List<ServicePort> ports = [];
        foreach (DocumentNode port in list.Elements)
        {
            ports.Add(new ServicePort
            {
                Name = Text(port["name"u8], ""),
                Protocol = Text(port["protocol"u8], "TCP"),
                Port = port["port"u8].AsInt32() ?? 0,
                NodePort = port["nodePort"u8].AsInt32() ?? 0,
            });
        }

        return EquatableArray.CopyOf(ports);
    }

    private EquatableArray<LoadBalancerIngress> Ingress(DocumentNode list)
    {
        List<LoadBalancerIngress> ingress = [];
        foreach (DocumentNode entry in list.Elements)
        {
            DocumentNode mode = entry["ipMode"u8];
            ingress.Add(new LoadBalancerIngress
            {
                Ip = Text(entry["ip"u8], ""),
                IpMode = mode.IsNull ? null : Text(mode, ""),
            });
        }

        return EquatableArray.CopyOf(ingress);
    }

    private EquatableArray<string> Texts(DocumentNode list)
    {
        List<string> texts = [];
        foreach (DocumentNode element in list.Elements)
        {
            texts.Add(Text(element, ""));
        }

        return EquatableArray.CopyOf(texts);
    }

    private string Text(DocumentNode node, string missing) => node.Is(DocumentKind.Text) ? pool.Get(node.Text) : missing;
}
