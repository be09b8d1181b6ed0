using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Iptables.Naming;

namespace KubeProxySharp.Proxy.Agent.Apply.CleanUp;

/// <summary>
/// Takes away the iptables rules of one variant and family (spec 14.2): per table one transaction with the jump rules and
/// the chains. What to take away comes from iptables-save, which does not make the kernel load tables that nobody uses.
/// </summary>
internal static class IptablesCleanUp
{

    private static readonly string[] s_nat = ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ", JumpRule.EgressChain, IptablesRenderer.CanaryChain];

    private static readonly string[] s_filter =
        ["KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL", IptablesRenderer.CanaryChain];

    private static readonly string[] s_mangle = [IptablesRenderer.CanaryChain];

    public static async Task RunAsync(ProcessRunner runner, IptablesTools tools, CleanUpResult result, CancellationToken cancellation)
    {
        (IptablesListing? listing, string error) = await IptablesListing.ReadAsync(runner, tools, table: null, cancellation);
        if (listing is null)
        {
            result.Failed($"{tools.Command}: rules cannot be listed: {error}");
            return;
        }

        foreach ((string table, string[] own) in ((string, string[])[])[("nat", s_nat), ("filter", s_filter), ("mangle", s_mangle)])
        {
            string[] chains = [.. listing.Chains(table).Where(chain => own.Contains(chain, StringComparer.Ordinal) || IsOfService(table, chain)).Order(StringComparer.Ordinal)];
            if (chains.Length == 0)
            {
                continue;
            }

            byte[] text = Encoding.ASCII.GetBytes(await TextAsync(runner, tools, table, chains, listing, cancellation));
            using Transaction transaction = new(runner, new(tools.Restore, [.. IptablesTools.Wait, "-T", table, "--noflush", "--counters"]) { TakesFile = true });
            transaction.Write(text);
            ApplyResult applied = await transaction.CommitAsync(cancellation);
            if (applied.IsApplied)
            {
                result.Done($"{chains.Length} chains of table {table} ({tools.Command})");
            }
            else
            {
                result.Failed($"{tools.Command}: chains of table {table} stay; a rule of somebody else may lead to one of them: {applied.Error}");
            }
        }
    }

    private static bool IsOfService(string table, string chain) => table == "nat" && ChainName.TryParse(chain, out _);

    private static async Task<string> TextAsync(ProcessRunner runner, IptablesTools tools, string table, string[] chains, IptablesListing listing, CancellationToken cancellation)
    {
        StringBuilder text = new();
        text.Append('*').Append(table).Append('\n');
        foreach (string chain in chains)
        {
            // Empties it.
            text.Append(':').Append(chain).Append(" - [0:0]\n");
        }

        foreach (JumpRule jump in JumpRule.Known)
        {
            if (jump.Table != table || jump.Target == JumpRule.SharedChain)
            {
                continue;
            }

            (bool isThere, _) = await MissingJumps.FindAsync(runner, tools, jump, listing, cancellation);
            for (int count = isThere ? Math.Max(1, listing.Count(jump)) : 0; count > 0; count--)
            {
                text.Append("-D ").Append(jump.Chain).Append(' ').Append(jump.Specification).Append('\n');
            }
        }

        foreach (string chain in chains)
        {
            text.Append("-X ").Append(chain).Append('\n');
        }

        return text.Append("COMMIT\n").ToString();
    }
}
