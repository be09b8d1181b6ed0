using static KubeProxySharp.FakeApi.Schema.FieldKind;
using static KubeProxySharp.FakeApi.Schema.Presence;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>core/v1 Node with the large parts of its status that a service proxy must skip (kubernetes-wire.md 1.7).</summary>
internal static class NodeMessages
{
    private static WireMessage Taint { get; } = new(
        new(1, "key", Text, Printed),
        new(2, "value", Text),
        new(3, "effect", Text, Printed),
        new(4, "timeAdded", FieldKind.Time, Pointer));

    private static WireMessage Spec { get; } = new(
        new(1, "podCIDR", Text),
        new(7, "podCIDRs", Text, Repeated),
        new(3, "providerID", Text),
        new(4, "unschedulable", Flag),
        new(5, "taints", Message, Repeated, Taint),
        new(2, "externalID", Text));

    private static WireMessage Condition { get; } = new(
        new(1, "type", Text, Printed),
        new(2, "status", Text, Printed),
        new(3, "lastHeartbeatTime", FieldKind.Time, Printed),
        new(4, "lastTransitionTime", FieldKind.Time, Printed),
        new(5, "reason", Text),
        new(6, "message", Text));

    private static WireMessage Address { get; } = new(
        new(1, "type", Text, Printed),
        new(2, "address", Text, Printed));

    private static WireMessage DaemonEndpoint { get; } = new(new WireField(1, "Port", Number, Printed));

    private static WireMessage DaemonEndpoints { get; } = new(new WireField(1, "kubeletEndpoint", Message, Always, DaemonEndpoint));

    private static WireMessage NodeInfo { get; } = new(
        new(1, "machineID", Text, Printed),
        new(2, "systemUUID", Text, Printed),
        new(3, "bootID", Text, Printed),
        new(4, "kernelVersion", Text, Printed),
        new(5, "osImage", Text, Printed),
        new(6, "containerRuntimeVersion", Text, Printed),
        new(7, "kubeletVersion", Text, Printed),
        new(8, "kubeProxyVersion", Text, Printed),
        new(9, "operatingSystem", Text, Printed),
        new(10, "architecture", Text, Printed));

    private static WireMessage Image { get; } = new(
        new(1, "names", Text, RepeatedPrinted),
        new(2, "sizeBytes", Number));

    private static WireMessage Status { get; } = new(
        new(1, "capacity", QuantityMap, Repeated),
        new(2, "allocatable", QuantityMap, Repeated),
        new(3, "phase", Text),
        new(4, "conditions", Message, Repeated, Condition),
        new(5, "addresses", Message, Repeated, Address),
        new(6, "daemonEndpoints", Message, Always, DaemonEndpoints),
        new(7, "nodeInfo", Message, Always, NodeInfo),
        new(8, "images", Message, Repeated, Image),
        new(9, "volumesInUse", Text, Repeated));

    public static WireMessage Node { get; } = new(
        new(1, "metadata", Message, Always, Messages.Metadata),
        new(2, "spec", Message, Always, Spec),
        new(3, "status", Message, Always, Status));
}
