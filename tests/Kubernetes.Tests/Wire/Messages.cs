using System.Buffers.Binary;
using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

/// <summary>Makes protobuf bodies as the API server writes them.</summary>
internal static class Messages
{
    public static WireWriter Header(string name, string version) =>
        new WireWriter().Text(1, name).Text(3, "shop").Text(6, version);

    public static WireWriter Service(string name, string version) =>
        new WireWriter().Nested(1, Header(name, version)).Nested(2, new WireWriter().Text(3, "10.96.0.10").Text(4, "ClusterIP"));

    public static byte[] Object(string apiVersion, string kind, WireWriter message) =>
        new WireWriter().Raw(Envelope.Magic)
            .Nested(1, new WireWriter().Text(1, apiVersion).Text(2, kind))
            .Nested(2, message)
            .Message.ToArray();

    public static byte[] List(string version, string continueToken, params WireWriter[] services)
    {
        WireWriter list = new WireWriter().Nested(1, new WireWriter().Text(2, version).Text(3, continueToken));
        foreach (WireWriter service in services)
        {
            list.Nested(2, service);
        }

        return Object("v1", "ServiceList", list);
    }

    public static byte[] Frame(string type, byte[] body)
    {
        ReadOnlyMemory<byte> frame = new WireWriter().Text(1, type).Nested(2, new WireWriter().Nested(1, new WireWriter().Raw(body))).Message;
        byte[] prefixed = new byte[4 + frame.Length];
        BinaryPrimitives.WriteInt32BigEndian(prefixed, frame.Length);
        frame.Span.CopyTo(prefixed.AsSpan(4));
        return prefixed;
    }

    public static byte[] Event(string type, string name, string version) => Frame(type, Object("v1", "Service", Service(name, version)));

    public static byte[] Bookmark(string version) =>
        Frame("BOOKMARK", Object("v1", "Service", new WireWriter().Nested(1, new WireWriter().Text(6, version))));

    public static byte[] EndMarker(string version) =>
        Frame("BOOKMARK", Object("v1", "Service", new WireWriter().Nested(1, new WireWriter().Text(6, version)
            .Nested(12, new WireWriter().Text(1, "k8s.io/initial-events-end").Text(2, "true")))));

    public static byte[] Error(int code, string reason, string cause = "") => Frame("ERROR", Status(code, reason, "no", cause));

    public static byte[] Status(int code, string reason, string message, string cause = "")
    {
        WireWriter status = new WireWriter().Text(2, "Failure").Text(3, message).Text(4, reason);
        if (cause.Length != 0)
        {
            status.Nested(5, new WireWriter().Nested(4, new WireWriter().Text(1, cause)));
        }

        return Object("v1", "Status", status.Number(6, code));
    }
}
