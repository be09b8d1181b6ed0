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
    /// What a change looks like through a selector: an object that stops matching leaves with its last matching content, one that
    /// starts to is added (kubernetes-wire.md 3.3). Null when the watcher does not see it.
    /// </summary>
    public byte[]? Of(StoreEvent change, Selector selector)
    {
        bool was = selector.Matches(change.Previous);
        bool matches = selector.Matches(change.Current);
        return (was, matches) switch
        {
            (_, true) => Of(was ? "MODIFIED" : "ADDED", change.Current!), // a match is not null
            (true, false) => Of("DELETED", change.Farewell),
            _ => null,
        };
    }
}
