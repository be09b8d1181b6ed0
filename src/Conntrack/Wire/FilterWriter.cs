using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Wire;

/// <summary>
/// Writes a filter into a request. Kernels ignore attributes that they do not know (tuples before 5.8; status and zones came
/// later), so the reader of the answer has to compare flows as well.
/// </summary>
internal static class FilterWriter
{
    /// <summary>Writes the parts of a filter that the kernel may be able to compare.</summary>
    public static void Write(ref MessageWriter request, ConntrackFilter filter)
    {
        if (filter.Mark is { } mark)
        {
            request.Add(AttributeType.Mark, mark & filter.MarkMask);
            request.Add(AttributeType.MarkMask, filter.MarkMask);
        }

        if (filter.StatusMask != ConntrackStatus.None)
        {
            request.Add(AttributeType.Status, (uint)(filter.Status & filter.StatusMask));
            request.Add(AttributeType.StatusMask, (uint)filter.StatusMask);
        }

        // To the kernel, zone 0 means any zone.
        if (filter.Zone is { } zone && zone != 0)
        {
            request.Add(AttributeType.Zone, zone);
        }

        WriteTuple(ref request, filter);
    }

    /// <summary>
    /// The parts of the tuple that the kernel is asked to compare: only within one family; no IPv6 addresses, because kernels
    /// then deliver exactly the flows with other addresses (ctnetlink_filter_match_tuple of 6.18 still inverts the result of
    /// ipv6_addr_cmp); ports only of a protocol that has them.
    /// </summary>
    public static FilterFlags Flags(ConntrackFilter filter)
    {
        FilterFlags flags = FilterFlags.None;
        if (filter.Family == IpFamily.IPv4)
        {
            flags |= filter.Source is null ? FilterFlags.None : FilterFlags.Source;
            flags |= filter.Destination is null ? FilterFlags.None : FilterFlags.Destination;
        }

        if (filter.Family is null || filter.Protocol is null)
        {
            return flags;
        }

        flags |= FilterFlags.Protocol;
        if (filter.Protocol is not ConntrackTuple.Icmp and not ConntrackTuple.IcmpV6)
        {
            flags |= filter.SourcePort is null ? FilterFlags.None : FilterFlags.SourcePort;
            flags |= filter.DestinationPort is null ? FilterFlags.None : FilterFlags.DestinationPort;
        }

        return flags;
    }

    private static void WriteTuple(ref MessageWriter request, ConntrackFilter filter)
    {
        FilterFlags flags = Flags(filter);
        if (flags == FilterFlags.None)
        {
            return;
        }

        int tuple = request.Open(AttributeType.TupleOriginal);
        if ((flags & (FilterFlags.Source | FilterFlags.Destination)) != 0)
        {
            WriteAddresses(ref request, filter, flags);
        }

        if (filter.Protocol is { } protocol)
        {
            int transport = request.Open(AttributeType.TupleProtocol);
            request.Add(AttributeType.ProtocolNumber, protocol);
            if ((flags & FilterFlags.SourcePort) != 0)
            {
                request.Add(AttributeType.SourcePort, filter.SourcePort.GetValueOrDefault());
            }

            if ((flags & FilterFlags.DestinationPort) != 0)
            {
                request.Add(AttributeType.DestinationPort, filter.DestinationPort.GetValueOrDefault());
            }

            request.Close(transport);
        }

        request.Close(tuple);
        int which = request.Open(AttributeType.Filter);
        request.AddNative(AttributeType.FilterOriginalFlags, (uint)flags);
        request.Close(which);
    }

    private static void WriteAddresses(ref MessageWriter request, ConntrackFilter filter, FilterFlags flags)
    {
        int addresses = request.Open(AttributeType.TupleAddresses);
        if ((flags & FilterFlags.Source) != 0)
        {
            KeyWriter.WriteAddress(ref request, AttributeType.SourceIPv4, filter.Source.GetValueOrDefault(), isIPv4: true);
        }

        if ((flags & FilterFlags.Destination) != 0)
        {
            KeyWriter.WriteAddress(ref request, AttributeType.DestinationIPv4, filter.Destination.GetValueOrDefault(), isIPv4: true);
        }

        request.Close(addresses);
    }
}

/// <summary>
/// The parts of a tuple that a kernel-side filter compares (CTA_FILTER_F_… of the kernel's nf_internals.h, since 5.8; they
/// are not in the exported headers).
/// </summary>
[Flags]
internal enum FilterFlags : uint
{
    None = 0,
    Source = 1 << 0, // CTA_FILTER_F_CTA_IP_SRC
    Destination = 1 << 1, // CTA_FILTER_F_CTA_IP_DST
    Protocol = 1 << 3, // CTA_FILTER_F_CTA_PROTO_NUM
    SourcePort = 1 << 4, // CTA_FILTER_F_CTA_PROTO_SRC_PORT
    DestinationPort = 1 << 5, // CTA_FILTER_F_CTA_PROTO_DST_PORT
}
