using System.Buffers;
using System.Text;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.DryRun;

/// <summary>Writes the rules of a dry run, whole or as a difference, for the families that were asked for.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="output">Receives the rules.</param>
/// <param name="errors">Receives remarks.</param>
internal sealed class DryRunWriter(DryRunOptions options, IBufferWriter<byte> output, TextWriter errors)
{
    private readonly NftablesOptions _nftables = NftablesOptions.Default with { HasServiceCounters = options.HasServiceCounters };

    private bool IsDifference => options.DiffFromPaths.Count != 0;

    public void WriteIptables(RuleModelChange change)
    {
        IptablesOptions iptables = new() { HasInvalidDropCounter = options.HasNfacct, HasLocalhostCounter = options.HasNfacct, HasServiceCounters = options.HasServiceCounters };
        foreach (IpFamily family in options.Families)
        {
            WriteHeading(family, "iptables");
            FamilyChange part = change[family];
            if (!IsDifference)
            {
                IptablesRenderer.WriteListing(part.After, iptables, output);
            }
            else if (part.SettingsChanged)
            {
                TellFull(family);
                IptablesRenderer.WriteFullRestore(part.After, default, iptables, output);
            }
            else
            {
                IptablesRenderer.WritePartialRestore(part, iptables, output);
            }
        }
    }

    public void WriteNftables(RuleModelChange change)
    {
        foreach (IpFamily family in options.Families)
        {
            WriteHeading(family, "nftables");
            FamilyChange part = change[family];
            if (!IsDifference || !NftablesRenderer.CanUpdate(part))
            {
                if (IsDifference)
                {
                    TellFull(family);
                }

                WriteFull(part.After);
                continue;
            }

            WriteUpdate(part);
        }
    }

    private void WriteFull(FamilyRules rules)
    {
        if (!options.IsBatch)
        {
            NftablesRenderer.WriteFull(rules, _nftables, output);
            return;
        }

        NftBatch batch = NftBatch.ForAll(rules);
        NftablesRenderer.WriteFull(rules, _nftables, batch);
        NftBatchText.Write(batch.Messages, output);
    }

    private void WriteUpdate(FamilyChange change)
    {
        if (options.IsBatch)
        {
            NftBatch batch = new();
            NftablesRenderer.WriteUpdate(change, _nftables, batch);
            NftBatchText.Write(batch.IsEmpty ? [] : batch.Messages, output);
        }
        else
        {
            NftablesRenderer.WriteUpdate(change, _nftables, output);
        }

        WriteStaleChains(change);
    }

    private void WriteHeading(IpFamily family, string mode)
    {
        if (options.Families.Count > 1)
        {
            WriteLine($"# {family}: {mode} rules");
        }
    }

    private void WriteStaleChains(FamilyChange change)
    {
        IReadOnlyList<string> stale = NftablesRenderer.StaleChains(change);
        if (stale.Count == 0)
        {
            return;
        }

        WriteLine("# after the commit, in a transaction of its own:");
        foreach (string chain in stale)
        {
            WriteLine($"# delete chain {NftNames.FamilyName(change.After.Family)} kube-proxy {chain}");
        }
    }

    private void TellFull(IpFamily family) =>
        errors.WriteLine($"note: settings that all {family} rules share differ, so all of them are written");

    private void WriteLine(string line) => output.Write(Encoding.UTF8.GetBytes(line + "\n"));
}
