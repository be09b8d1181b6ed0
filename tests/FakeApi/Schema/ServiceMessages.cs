using static KubeProxySharp.FakeApi.Schema.FieldKind;
using static KubeProxySharp.FakeApi.Schema.Presence;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>core/v1 Service and networking.k8s.io/v1 ServiceCIDR (kubernetes-wire.md 1.7).</summary>
internal static class ServiceMessages
{
    private static WireMessage Port { get; } = new(
        new(1, "name", Text),
        new(2, "protocol", Text),
        new(6, "appProtocol", Text, Pointer),
        new(3, "port", Number, Printed),
        new(4, "targetPort", NumberOrText, Printed),
        new(5, "nodePort", Number));

    private static WireMessage ClientIP { get; } = new(new WireField(1, "timeoutSeconds", Number, Pointer));

    private static WireMessage SessionAffinityConfig { get; } = new(new WireField(1, "clientIP", Message, Pointer, ClientIP));

    private static WireMessage Spec { get; } = new(
        new(1, "ports", Message, Repeated, Port),
        new(2, "selector", TextMap, Repeated),
        new(3, "clusterIP", Text),
        new(18, "clusterIPs", Text, Repeated),
        new(4, "type", Text),
        new(5, "externalIPs", Text, Repeated),
        new(7, "sessionAffinity", Text),
        new(8, "loadBalancerIP", Text),
        new(9, "loadBalancerSourceRanges", Text, Repeated),
        new(10, "externalName", Text),
        new(11, "externalTrafficPolicy", Text),
        new(12, "healthCheckNodePort", Number),
        new(13, "publishNotReadyAddresses", Flag),
        new(14, "sessionAffinityConfig", Message, Pointer, SessionAffinityConfig),
        new(19, "ipFamilies", Text, Repeated),
        new(17, "ipFamilyPolicy", Text, Pointer),
        new(20, "allocateLoadBalancerNodePorts", Flag, Pointer),
        new(21, "loadBalancerClass", Text, Pointer),
        new(22, "internalTrafficPolicy", Text, Pointer),
        new(23, "trafficDistribution", Text, Pointer));

    private static WireMessage PortStatus { get; } = new(
        new(1, "port", Number, Printed),
        new(2, "protocol", Text, Printed),
        new(3, "error", Text, Pointer));

    private static WireMessage Ingress { get; } = new(
        new(1, "ip", Text),
        new(2, "hostname", Text),
        new(3, "ipMode", Text, Pointer),
        new(4, "ports", Message, Repeated, PortStatus));

    private static WireMessage LoadBalancer { get; } = new(new WireField(1, "ingress", Message, Repeated, Ingress));

    private static WireMessage Status { get; } = new(
        new(1, "loadBalancer", Message, Always, LoadBalancer),
        new(2, "conditions", Message, Repeated, Messages.Condition));

    public static WireMessage Service { get; } = new(
        new(1, "metadata", Message, Always, Messages.Metadata),
        new(2, "spec", Message, Always, Spec),
        new(3, "status", Message, Always, Status));

    private static WireMessage CidrSpec { get; } = new(new WireField(1, "cidrs", Text, Repeated));

    private static WireMessage CidrStatus { get; } = new(new WireField(1, "conditions", Message, Repeated, Messages.Condition));

    public static WireMessage ServiceCidr { get; } = new(
        new(1, "metadata", Message, Always, Messages.Metadata),
        new(2, "spec", Message, Always, CidrSpec),
        new(3, "status", Message, Always, CidrStatus));
}
