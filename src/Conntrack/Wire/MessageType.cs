namespace KubeProxySharp.Conntrack.Wire;

/// <summary>Message types of ctnetlink: NFNL_SUBSYS_CTNETLINK in the high byte, <c>enum cntl_msg_types</c> in the low one.</summary>
internal static class MessageType
{
    public const ushort New = 0x100; // IPCTNL_MSG_CT_NEW
    public const ushort Get = 0x101; // IPCTNL_MSG_CT_GET
    public const ushort Delete = 0x102; // IPCTNL_MSG_CT_DELETE
    public const ushort GetStatisticsPerCpu = 0x104; // IPCTNL_MSG_CT_GET_STATS_CPU
    public const ushort GetStatistics = 0x105; // IPCTNL_MSG_CT_GET_STATS
}
