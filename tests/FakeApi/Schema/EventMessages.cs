using static KubeProxySharp.FakeApi.Schema.FieldKind;
using static KubeProxySharp.FakeApi.Schema.Presence;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>events.k8s.io/v1 Event (kubernetes-wire.md 1.7, 10).</summary>
internal static class EventMessages
{
    private static WireMessage Series { get; } = new(
        new(1, "count", Number, Printed),
        new(2, "lastObservedTime", FieldKind.MicroTime, Printed));

    private static WireMessage Source { get; } = new(
        new(1, "component", Text),
        new(2, "host", Text));

    public static WireMessage Event { get; } = new(
        new(1, "metadata", Message, Always, Messages.Metadata),
        new(2, "eventTime", FieldKind.MicroTime, Printed),
        new(3, "series", Message, Pointer, Series),
        new(4, "reportingController", Text),
        new(5, "reportingInstance", Text),
        new(6, "action", Text),
        new(7, "reason", Text),
        new(8, "regarding", Message, Always, Messages.ObjectReference),
        new(9, "related", Message, Pointer, Messages.ObjectReference),
        new(10, "note", Text),
        new(11, "type", Text),
        new(12, "deprecatedSource", Message, Always, Source),
        new(13, "deprecatedFirstTimestamp", FieldKind.Time),
        new(14, "deprecatedLastTimestamp", FieldKind.Time),
        new(15, "deprecatedCount", Number));
}
