using System.Buffers.Binary;
using System.Text;

namespace KubeProxySharp.Bench;

/// <summary>Writes protobuf bodies with everything that a real controller puts into slices (wire notes 8).</summary>
internal static class WireBodies
{
    private const int NodeCount = 200;

    /// <summary>A streaming list of slices with its end marker.</summary>
    public static byte[] EndpointSliceWatch(int slices, int endpoints)
    {
        MemoryStream body = new();
        for (int slice = 0; slice < slices; slice++)
        {
            byte[] header =
            [
                .. Text(1, $"service-{slice}-abcde"), .. Text(3, $"namespace-{slice % 50}"), .. Text(5, Guid.NewGuid().ToString()),
                .. Text(6, $"{100000 + slice}"), .. Bytes(11, [.. Text(1, "kubernetes.io/service-name"), .. Text(2, $"service-{slice}")]),
                .. Bytes(17, [.. Text(1, "kube-controller-manager"), .. Text(7, new string('f', 400))]),
            ];
            List<byte> message = [.. Bytes(1, header)];
            for (int endpoint = 0; endpoint < endpoints; endpoint++)
            {
                int number = (slice * endpoints) + endpoint;
                string pod = $"service-{slice}-7d9f8b6c5-{endpoint:x5}";
                message.AddRange(Bytes(2,
                [
                    .. Text(1, $"10.{(number >> 16) & 255}.{(number >> 8) & 255}.{number & 255}"),
                    .. Bytes(2, [8, 1, 16, 1, 24, 0]),
                    .. Bytes(4, [.. Text(1, "Pod"), .. Text(2, $"namespace-{slice % 50}"), .. Text(3, pod), .. Text(4, Guid.NewGuid().ToString())]),
                    .. Text(6, $"gke-production-pool-1-3f9a2b1c-node-{number % NodeCount:d4}"),
                    .. Text(7, $"europe-west1-{(char)('a' + (number % 3))}"),
                ]));
            }

            message.AddRange(Bytes(3, [.. Text(1, "http"), .. Text(2, "TCP"), 0x18, 0x90, 0x3f]));
            message.AddRange(Text(4, "IPv4"));
            body.Write(Frame("ADDED", [.. message]));
        }

        byte[] end = [.. Text(6, "200000"), .. Bytes(12, [.. Text(1, "k8s.io/initial-events-end"), .. Text(2, "true")])];
        body.Write(Frame("BOOKMARK", Bytes(1, end)));
        return body.ToArray();
    }

    private static byte[] Frame(string type, byte[] message)
    {
        byte[] kind = [.. Text(1, "discovery.k8s.io/v1"), .. Text(2, "EndpointSlice")];
        byte[] envelope = [.. "k8s\0"u8, .. Bytes(1, kind), .. Bytes(2, message), 0x1a, 0, 0x22, 0];
        byte[] frame = [.. Text(1, type), .. Bytes(2, Bytes(1, envelope))];
        byte[] prefix = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(prefix, frame.Length);
        return [.. prefix, .. frame];
    }

    private static byte[] Text(int number, string text) => Bytes(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Bytes(int number, byte[] bytes)
    {
        List<byte> field = [.. Varint(((uint)number << 3) | 2), .. Varint((uint)bytes.Length), .. bytes];
        return [.. field];
    }

    private static List<byte> Varint(uint value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return bytes;
    }
}
