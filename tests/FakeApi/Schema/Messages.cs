using static KubeProxySharp.FakeApi.Schema.FieldKind;
using static KubeProxySharp.FakeApi.Schema.Presence;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>The messages that all kinds share (kubernetes-wire.md 1.7; metadata in the order of JSON).</summary>
internal static class Messages
{
    public static WireMessage ManagedFields { get; } = new(
        new(1, "manager", Text),
        new(2, "operation", Text),
        new(3, "apiVersion", Text),
        new(4, "time", FieldKind.Time, Pointer),
        new(6, "fieldsType", Text),
        new(7, "fieldsV1", RawJson, Pointer),
        new(8, "subresource", Text));

    public static WireMessage OwnerReference { get; } = new(
        new(5, "apiVersion", Text, Printed),
        new(1, "kind", Text, Printed),
        new(3, "name", Text, Printed),
        new(4, "uid", Text, Printed),
        new(6, "controller", Flag, Pointer),
        new(7, "blockOwnerDeletion", Flag, Pointer));

    public static WireMessage Metadata { get; } = new(
        new(1, "name", Text),
        new(2, "generateName", Text),
        new(3, "namespace", Text),
        new(4, "selfLink", Text),
        new(5, "uid", Text),
        new(6, "resourceVersion", Text),
        new(7, "generation", Number),
        new(8, "creationTimestamp", FieldKind.Time),
        new(9, "deletionTimestamp", FieldKind.Time, Pointer),
        new(10, "deletionGracePeriodSeconds", Number, Pointer),
        new(11, "labels", TextMap, Repeated),
        new(12, "annotations", TextMap, Repeated),
        new(13, "ownerReferences", Message, Repeated, OwnerReference),
        new(14, "finalizers", Text, Repeated),
        new(17, "managedFields", Message, Repeated, ManagedFields));

    public static WireMessage ListMetadata { get; } = new(
        new(1, "selfLink", Text),
        new(2, "resourceVersion", Text),
        new(3, "continue", Text),
        new(4, "remainingItemCount", Number, Pointer));

    public static WireMessage Condition { get; } = new(
        new(1, "type", Text, Printed),
        new(2, "status", Text, Printed),
        new(3, "observedGeneration", Number),
        new(4, "lastTransitionTime", FieldKind.Time, Printed),
        new(5, "reason", Text, Printed),
        new(6, "message", Text, Printed));

    public static WireMessage ObjectReference { get; } = new(
        new(1, "kind", Text),
        new(2, "namespace", Text),
        new(3, "name", Text),
        new(4, "uid", Text),
        new(5, "apiVersion", Text),
        new(6, "resourceVersion", Text),
        new(7, "fieldPath", Text));

    private static WireMessage StatusCause { get; } = new(
        new(1, "reason", Text),
        new(2, "message", Text),
        new(3, "field", Text));

    private static WireMessage StatusDetails { get; } = new(
        new(1, "name", Text),
        new(2, "group", Text),
        new(3, "kind", Text),
        new(6, "uid", Text),
        new(4, "causes", Message, Repeated, StatusCause),
        new(5, "retryAfterSeconds", Number));

    public static WireMessage Status { get; } = new(
        new(1, "metadata", Message, Always, ListMetadata),
        new(2, "status", Text),
        new(3, "message", Text),
        new(4, "reason", Text),
        new(5, "details", Message, Pointer, StatusDetails),
        new(6, "code", Number));
}
