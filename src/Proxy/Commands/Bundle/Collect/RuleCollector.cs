using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Bundle.Collect;

/// <summary>Collects the rules of a node, whichever tool or mode made them, and the sets and virtual servers that they use.</summary>
/// <param name="collection">Receives them.</param>
internal sealed class RuleCollector(Collection collection)
{
    private const string IpvsPath = "/proc/net/ip_vs";
    private const string IpsetModulePath = "/sys/module/ip_set";

    /// <summary>Collects.</summary>
    public async Task CollectAsync(CancellationToken stop)
    {
        foreach (IpFamily family in (IpFamily[])[IpFamily.IPv4, IpFamily.IPv6])
        {
            await CollectIptablesAsync(family, stop);
        }

        const string NoRules = "the kernel has no nftables rules";
        await collection.AddOutputAsync(BundlePart.NftJson, NoRules, [new("nft", "-j", "list", "ruleset")], stop);
        await collection.AddOutputAsync(BundlePart.NftText, NoRules, [new("nft", "list", "ruleset")], stop);

        // The tools would load the modules of the kernel.
        if (Directory.Exists(IpsetModulePath))
        {
            await collection.AddOutputAsync(BundlePart.Ipset, "the kernel has no ipsets", [new("ipset", "save")], stop);
        }
        else
        {
            collection.Miss(BundlePart.Ipset, "the kernel has no ipsets: the module ip_set is not loaded");
        }

        if (File.Exists(IpvsPath))
        {
            await collection.AddOutputAsync(BundlePart.Ipvs, "the kernel has no virtual servers", [new("ipvsadm", "-Ln")], stop);
        }
        else
        {
            collection.Miss(BundlePart.Ipvs, "the kernel has no virtual servers: the module ip_vs is not loaded");
        }
    }

    /// <summary>The mode that the rules show; empty if they are no kube-proxy's.</summary>
    public string FindMode() =>
        Has(BundlePart.NftJson, "\"name\": \"kube-proxy\""u8) ? ProxyMode.Nftables
        : BundlePart.Rules.Any(part => Has(part, "--match-set KUBE-CLUSTER-IP "u8) || Has(part, "--match-set KUBE-6-CLUSTER-IP "u8)) ? ProxyMode.Ipvs
        : BundlePart.Rules.Any(part => Has(part, ":KUBE-SERVICES "u8)) ? ProxyMode.Iptables
        : "";

    private bool Has(BundlePart part, ReadOnlySpan<byte> text) => collection[part] is { } content && content.AsSpan().IndexOf(text) >= 0;

    private async Task CollectIptablesAsync(IpFamily family, CancellationToken stop)
    {
        IReadOnlyList<IptablesTools> installed = IptablesTools.Installed(family);
        foreach (IptablesVariant variant in (IptablesVariant[])[IptablesVariant.Nft, IptablesVariant.Legacy, IptablesVariant.Plain])
        {
            IptablesTools tools = new(family, variant);
            BundlePart part = PartOf(tools);
            if (installed.Contains(tools))
            {
                await collection.AddOutputAsync(part, $"{tools.Save} lists no table: the kernel has no {family} rules of this variant", [new(tools.Save, "-c")], stop);
            }
            else if (variant != IptablesVariant.Plain || installed.Count == 0)
            {
                collection.Miss(part, $"{tools.Save} is not installed");
            }
        }
    }

    private static BundlePart PartOf(IptablesTools tools) => (tools.Variant, tools.Family) switch
    {
        (IptablesVariant.Nft, IpFamily.IPv4) => BundlePart.IptablesNft,
        (IptablesVariant.Nft, _) => BundlePart.Ip6tablesNft,
        (IptablesVariant.Legacy, IpFamily.IPv4) => BundlePart.IptablesLegacy,
        (IptablesVariant.Legacy, _) => BundlePart.Ip6tablesLegacy,
        (_, IpFamily.IPv4) => BundlePart.Iptables,
        _ => BundlePart.Ip6tables,
    };
}
