using static KubeProxySharp.FakeApi.Schema.FieldKind;
using static KubeProxySharp.FakeApi.Schema.Presence;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>discovery.k8s.io/v1 EndpointSlice (kubernetes-wire.md 1.7): in JSON the address type comes first, on the wire last.</summary>
internal static class EndpointSliceMessages
{
    private static WireMessage Conditions { get; } = new(
        new(1, "ready", Flag, Pointer),
        new(2, "serving", Flag, Pointer),
        new(3, "terminating", Flag, Pointer));

    private static WireMessage NameHint { get; } = new(new WireField(1, "name", Text, Printed));

    private static WireMessage Hints { get; } = new(
        new(1, "forZones", Message, Repeated, NameHint),
        new(2, "forNodes", Message, Repeated, NameHint));

    private static WireMessage Endpoint { get; } = new(
        new(1, "addresses", Text, RepeatedPrinted),
        new(2, "conditions", Message, Always, Conditions),
        new(3, "hostname", Text, Pointer),
        new(4, "targetRef", Message, Pointer, Messages.ObjectReference),
        new(5, "deprecatedTopology", TextMap, Repeated),
        new(6, "nodeName", Text, Pointer),
        new(7, "zone", Text, Pointer),
        new(8, "hints", Message, Pointer, Hints));

    private static WireMessage Port { get; } = new(
        new(1, "name", Text, Pointer),
        new(2, "protocol", Text, Pointer),
        new(3, "port", Number, Pointer),
        new(4, "appProtocol", Text, Pointer));

    public static WireMessage EndpointSlice { get; } = new(
        new(1, "metadata", Message, Always, Messages.Metadata),
        new(4, "addressType", Text, Printed),
        new(2, "endpoints", Message, RepeatedPrinted, Endpoint),
        new(3, "ports", Message, RepeatedPrinted, Port));
}
