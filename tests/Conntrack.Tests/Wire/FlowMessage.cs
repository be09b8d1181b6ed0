using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Wire;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Tests.Wire;

/// <summary>Messages as the kernel writes them, with every attribute that is read.</summary>
internal static class FlowMessage
{
    public static byte[] Build(IpFamily family = IpFamily.IPv4, ushort zone = 0, byte protocol = 6, string server = "10.244.1.5", uint id = 0xDEADBEEF, Action<List<byte>>? more = null)
    {
        byte[] buffer = [];
        bool isIPv4 = family == IpFamily.IPv4;
        MessageWriter writer = new(ref buffer);
        writer.Begin(MessageType.New, 0, 1, KeyWriter.Number(family));
        IpAddress client = IpAddress.Parse(isIPv4 ? "10.0.0.1" : "fd00::1");
        ConntrackTuple key = new(family, protocol, client, IpAddress.Parse(isIPv4 ? "10.96.0.10" : "fd00:96::10"), 1234, 80);
        KeyWriter.Write(ref writer, key, zone, ZoneScope.Both);
        int reply = writer.Open(AttributeType.TupleReply);
        int addresses = writer.Open(AttributeType.TupleAddresses);
        KeyWriter.WriteAddress(ref writer, isIPv4 ? AttributeType.SourceIPv4 : AttributeType.SourceIPv6, IpAddress.Parse(isIPv4 ? server : "fd00:244::5"), isIPv4);
        KeyWriter.WriteAddress(ref writer, isIPv4 ? AttributeType.DestinationIPv4 : AttributeType.DestinationIPv6, client, isIPv4);
        writer.Close(addresses);
        int transport = writer.Open(AttributeType.TupleProtocol);
        writer.Add(AttributeType.ProtocolNumber, protocol);
        writer.Add(AttributeType.SourcePort, (ushort)8080);
        writer.Add(AttributeType.DestinationPort, (ushort)1234);
        writer.Close(transport);
        writer.Close(reply);
        writer.Add(AttributeType.Status, (uint)(ConntrackStatus.SeenReply | ConntrackStatus.DestinationNat));
        writer.Add(AttributeType.Timeout, 431999u);
        writer.Add(AttributeType.Mark, 7u);
        writer.Add(AttributeType.Id, id);
        int info = writer.Open(AttributeType.ProtocolInfo);
        int tcp = writer.Open(AttributeType.ProtocolInfoTcp);
        writer.Add(AttributeType.ProtocolState, (byte)3);
        writer.Close(tcp);
        writer.Close(info);
        List<byte> bytes = [.. writer.Written[NetlinkHeader.Length..]];
        AddNested(bytes, AttributeType.CountersOriginal, (AttributeType.CounterPackets, 11), (AttributeType.CounterBytes, 1100));
        AddNested(bytes, AttributeType.CountersReply, (AttributeType.CounterPackets, 9), (AttributeType.CounterBytes, 900));
        AddNested(bytes, AttributeType.Timestamp, (AttributeType.TimestampStart, 1_700_000_000_000_000_000));
        more?.Invoke(bytes);
        return [.. bytes];
    }

    /// <summary>A message as it is received, of what follows its header.</summary>
    public static NetlinkMessage Of(byte[] payload) => new((byte[])[.. new byte[NetlinkHeader.Length], .. payload]);

    private static void AddNested(List<byte> bytes, ushort type, params (ushort Type, ulong Value)[] values)
    {
        bytes.AddRange(BitConverter.GetBytes((ushort)(4 + (12 * values.Length))));
        bytes.AddRange(BitConverter.GetBytes((ushort)(type | NetlinkHeader.Nested)));
        foreach ((ushort inner, ulong value) in values)
        {
            bytes.AddRange(BitConverter.GetBytes((ushort)12));
            bytes.AddRange(BitConverter.GetBytes(inner));
            bytes.AddRange(BitConverter.GetBytes(value).Reverse());
        }
    }
}
