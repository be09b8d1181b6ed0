using KubeProxySharp.Proxy.CommandLine;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Inputs;
using KubeProxySharp.Proxy.Processes;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Explain;

/// <summary>The rules of this node, whichever tool made them.</summary>
/// <param name="runner">Runs the tools.</param>
/// <param name="errors">Receives remarks.</param>
internal sealed class LiveRules(ProcessRunner runner, TextWriter errors)
{
    /// <summary>The tables of iptables. With its nft variant, nft lists them too, in a form that only iptables understands.</summary>
    private static readonly string[] s_iptablesTables = ["raw", "mangle", "nat", "filter", "security"];

    /// <summary>Reads them.</summary>
    /// <param name="mode">iptables or nftables to read only those; null or both for all that there are.</param>
    /// <param name="family">The family.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">No tool could list anything.</exception>
    public async Task<Ruleset> ReadAsync(string? mode, IpFamily family, CancellationToken cancellation)
    {
        if (mode is ProxyMode.Iptables or ProxyMode.Nftables)
        {
            return (await RuleSource.ReadLiveAsync(runner, mode, IptablesVariants.Auto, [family], cancellation))[0];
        }

        Ruleset? iptables = await TryAsync(ProxyMode.Iptables, family, cancellation);
        Ruleset? nftables = await TryAsync(ProxyMode.Nftables, family, cancellation);
        if (iptables is null || nftables is null)
        {
            return iptables ?? nftables ?? throw new InputException("neither iptables-save nor nft could list rules; give --rules FILE, or run as root");
        }

        foreach (WalkTable table in nftables.Tables)
        {
            bool isListedTwice = s_iptablesTables.Contains(table.Name, StringComparer.Ordinal) && iptables.Tables.Exists(known => known.Name == table.Name);
            if (!isListedTwice)
            {
                iptables.Tables.Add(table);
            }
        }

        return iptables;
    }

    private async Task<Ruleset?> TryAsync(string mode, IpFamily family, CancellationToken cancellation)
    {
        try
        {
            return (await RuleSource.ReadLiveAsync(runner, mode, IptablesVariants.Auto, [family], cancellation))[0];
        }
        catch (InputException e)
        {
            errors.WriteLine($"note: no {mode} rules: {e.Message}");
            return null;
        }
    }
}
