using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>The rules of this node, whichever tool made them.</summary>
/// <param name="runner">Runs the tools.</param>
/// <param name="errors">Receives remarks.</param>
internal sealed class LiveRules(ProcessRunner runner, TextWriter errors)
{
    /// <summary>The tables of iptables. With its nft variant, nft lists them too, in a form that only iptables understands.</summary>
    private static readonly string[] s_iptablesTables = ["raw", "mangle", "nat", "filter", "security"];

    /// <summary>Reads them.</summary>
    /// <param name="mode">iptables or nftables to read only those; null or both for all that there are.</param>
    /// <param name="families">The families.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>A rule set for each family, in their order.</returns>
    /// <exception cref="InputException">No tool could list anything.</exception>
    public async Task<IReadOnlyList<Ruleset>> ReadAsync(string? mode, IReadOnlyList<IpFamily> families, CancellationToken cancellation)
    {
        if (mode is ProxyMode.Iptables or ProxyMode.Nftables)
        {
            return Readable(await RuleSource.ReadLiveAsync(runner, mode, IptablesVariants.Auto, families, cancellation));
        }

        SavedRules? iptables = await TryAsync(ProxyMode.Iptables, families, cancellation);
        SavedRules? nftables = await TryAsync(ProxyMode.Nftables, families, cancellation);
        if (iptables is null || nftables is null)
        {
            return Readable(iptables ?? nftables ?? throw new InputException("neither iptables-save nor nft could list rules; give --rules FILE, or run as root"));
        }

        for (int index = 0; index < families.Count; index++)
        {
            List<WalkTable> tables = iptables.Families[index].Tables;
            string[] listed = [.. tables.Select(table => table.Name).Intersect(s_iptablesTables, StringComparer.Ordinal)];
            tables.AddRange(nftables.Families[index].Tables.Where(table => !listed.Contains(table.Name, StringComparer.Ordinal)));
        }

        return Readable(new(iptables.Families, iptables.Notes, nftables.Opaque));
    }

    /// <summary>The rule sets, if all of their tables can be read.</summary>
    private IReadOnlyList<Ruleset> Readable(SavedRules read)
    {
        read.WriteNotes(errors);
        foreach (Ruleset rules in read.Families)
        {
            read.RefuseOpaque(rules, onlyKubeProxys: false);
        }

        return read.Families;
    }

    private async Task<SavedRules?> TryAsync(string mode, IReadOnlyList<IpFamily> families, CancellationToken cancellation)
    {
        try
        {
            return await RuleSource.ReadLiveAsync(runner, mode, IptablesVariants.Auto, families, cancellation);
        }
        catch (InputException e)
        {
            errors.WriteLine($"note: no {mode} rules: {e.Message}");
            return null;
        }
    }
}
