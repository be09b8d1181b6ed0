using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Conntrack.Text;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>Takes the flows of this node, or saved ones, through a <see cref="FlowScan"/>.</summary>
/// <param name="cluster">What flows are compared with.</param>
/// <param name="families">The families to look at.</param>
/// <param name="time">The clock, for the age of flows.</param>
/// <param name="errors">Receives remarks.</param>
internal sealed class FlowListing(ClusterView cluster, IReadOnlyList<IpFamily> families, TimeProvider time, TextWriter errors)
{
    /// <summary>Surveys what <c>conntrack -L</c> printed into a file; the age of flows is that when it was written.</summary>
    /// <exception cref="NetlinkException">A line is not a flow.</exception>
    public FlowFindings ReadFile(string path)
    {
        FlowScan survey = Begin(new(File.GetLastWriteTimeUtc(path)));
        using FileStream file = File.OpenRead(path);
        foreach (ConntrackEntry flow in ConntrackText.Read(file))
        {
            survey.Add(flow);
        }

        return survey.Finish();
    }

    /// <summary>Surveys the kernel's flows. A listing that the kernel interrupted, because the table was resized, is made again.</summary>
    /// <exception cref="NetlinkException">They cannot be listed.</exception>
    public FlowFindings ReadLive()
    {
        using ConntrackTable table = ConntrackTable.Open();
        FlowScan survey = Begin(time.GetUtcNow());
        for (int attempt = 1; !TryList(table, survey); attempt++)
        {
            if (attempt == FlowCleanUp.MaxAttempts)
            {
                errors.WriteLine("warning: the kernel interrupted the listing of flows each time, so some may be missing");
                break;
            }

            survey = Begin(time.GetUtcNow());
        }

        return survey.Finish();
    }

    private FlowScan Begin(DateTimeOffset now) => new(cluster.Model, cluster.NodeAddresses, families, now);

    private static bool TryList(ConntrackTable table, FlowScan survey)
    {
        using ConntrackDump dump = table.Dump(ConntrackFilter.All);
        while (dump.MoveNext())
        {
            survey.Add(dump.Current);
        }

        return !dump.IsInterrupted;
    }
}
