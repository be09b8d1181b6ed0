using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>Frames of a watch in its format.</summary>
internal sealed class EventFrames(WireFormat format)
{
    public byte[] Of(string eventType, StoredObject item) => format == WireFormat.Protobuf
        ? Envelope.ProtoFrame(eventType, item.Type.ApiVersion, item.Type.Kind, item.Proto)
        : Envelope.JsonFrame(eventType, item.Json);

    public byte[] Error(ApiStatus status) => format == WireFormat.Protobuf
        ? Envelope.ProtoFrame("ERROR", "v1", "Status", status.ToProto())
        : Envelope.JsonFrame("ERROR", status.ToJson());

    /// <summary>
    /// The frame of a change for a watch with a selector: an object that stops matching is deleted with its last matching content,
    /// one that starts to match is added (kubernetes-wire.md 3.3). Null when the change concerns no matching object.
    /// </summary>
    public byte[]? Of(StoreEvent change, Selector selector)
    {
        bool was = selector.Matches(change.Previous);
        bool matches = selector.Matches(change.Current);
        return (was, matches) switch
        {
            (_, true) => Of(was ? "MODIFIED" : "ADDED", change.Current!), // a match is not null
            (true, false) => Of("DELETED", change.Deleted),
            _ => null,
        };
    }
}
