using System.Buffers.Binary;
using Google.Protobuf;
using KubeProxySharp.Bench.Generated;

namespace KubeProxySharp.Bench;

/// <summary>
/// Reads a watch of EndpointSlices with Google.Protobuf, as favourably as can be: unused fields are not in the schema and
/// are discarded, and what comes out are the generated messages, not yet the rule model's types.
/// </summary>
internal static class GeneratedDecoder
{
    private const int MagicLength = 4;

    private static readonly MessageParser<Event> s_events = Event.Parser.WithDiscardUnknownFields(true);
    private static readonly MessageParser<Envelope> s_envelopes = Envelope.Parser.WithDiscardUnknownFields(true);
    private static readonly MessageParser<Slice> s_slices = Slice.Parser.WithDiscardUnknownFields(true);

    public static List<Slice> Read(byte[] body)
    {
        List<Slice> slices = [];
        ReadOnlySpan<byte> rest = body;
        while (!rest.IsEmpty)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(rest);
            Event next = s_events.ParseFrom(rest.Slice(sizeof(int), length));
            Envelope envelope = s_envelopes.ParseFrom(next.Object.Content.Span[MagicLength..]);
            Slice slice = s_slices.ParseFrom(envelope.Content.Span);
            if (next.Type == "ADDED")
            {
                slices.Add(slice);
            }

            rest = rest[(sizeof(int) + length)..];
        }

        return slices;
    }
}
