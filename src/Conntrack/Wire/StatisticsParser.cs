using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Conntrack.Wire;

/// <summary>Parses sizes and counters of ctnetlink messages.</summary>
internal static class StatisticsParser
{
    /// <summary>Parses the answer to IPCTNL_MSG_CT_GET_STATS.</summary>
    public static TableSize ParseSize(NetlinkMessage message)
    {
        uint entries = 0;
        uint limit = 0;
        AttributeReader attributes = message.Attributes;
        while (attributes.Read())
        {
            if (attributes.Type == AttributeType.GlobalEntries)
            {
                entries = attributes.ToUInt32();
            }
            else if (attributes.Type == AttributeType.GlobalMaximum)
            {
                limit = attributes.ToUInt32();
            }
        }

        return new(entries, limit);
    }

    /// <summary>Parses one item of the answer to IPCTNL_MSG_CT_GET_STATS_CPU.</summary>
    public static CpuStatistics ParseCpu(NetlinkMessage message)
    {
        AttributeReader attributes = message.Attributes;
        CpuStatistics statistics = new() { Cpu = message.Resource };
        while (attributes.Read())
        {
            switch (attributes.Type)
            {
                case 2: // CTA_STATS_FOUND
                    statistics.Found = attributes.ToUInt32();
                    break;
                case 4: // CTA_STATS_INVALID
                    statistics.Invalid = attributes.ToUInt32();
                    break;
                case 8: // CTA_STATS_INSERT
                    statistics.Insert = attributes.ToUInt32();
                    break;
                case 9: // CTA_STATS_INSERT_FAILED
                    statistics.InsertFailed = attributes.ToUInt32();
                    break;
                case 10: // CTA_STATS_DROP
                    statistics.Drop = attributes.ToUInt32();
                    break;
                case 11: // CTA_STATS_EARLY_DROP
                    statistics.EarlyDrop = attributes.ToUInt32();
                    break;
                case 12: // CTA_STATS_ERROR
                    statistics.Error = attributes.ToUInt32();
                    break;
                case 13: // CTA_STATS_SEARCH_RESTART
                    statistics.SearchRestart = attributes.ToUInt32();
                    break;
                case 14: // CTA_STATS_CLASH_RESOLVE
                    statistics.ClashResolve = attributes.ToUInt32();
                    break;
                case 15: // CTA_STATS_CHAIN_TOOLONG
                    statistics.ChainTooLong = attributes.ToUInt32();
                    break;
            }
        }

        return statistics;
    }
}
