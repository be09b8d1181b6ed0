namespace KubeProxySharp.Conntrack.Wire;

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
