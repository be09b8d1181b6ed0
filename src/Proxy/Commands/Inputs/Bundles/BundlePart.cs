using System.Collections.Frozen;

namespace KubeProxySharp.Proxy.Commands.Inputs.Bundles;

/// <summary>A file of a support bundle. There are no other files: what an archive has besides them is not read.</summary>
/// <param name="Name">Its name below <see cref="Root"/>.</param>
/// <param name="MostBytes">The most bytes that are collected, and that are read.</param>
/// <param name="Description">What it is, for the list at the end.</param>
internal sealed record BundlePart(string Name, int MostBytes, string Description)
{
    /// <summary>The directory that an archive unpacks to.</summary>
    public const string Root = "kube-proxy-bundle/";

    private const int Megabyte = 1024 * 1024;

    public static BundlePart Manifest { get; } = new("manifest.json", Megabyte, "what is inside, what is not and why, versions");

    public static BundlePart Objects { get; } = new("objects.json", 512 * Megabyte, "Nodes, Services, EndpointSlices, ServiceCIDRs, Pods of the node");

    public static BundlePart Configuration { get; } = new("config.yaml", Megabyte, "KubeProxyConfiguration, without the kubeconfig");

    public static BundlePart Egress { get; } = new("egress-masquerade.yaml", Megabyte, "configuration of egress masquerade");

    public static BundlePart Flags { get; } = new("flags.txt", Megabyte, "flags of the agent");

    public static BundlePart IptablesNft { get; } = new("rules/iptables-nft-save.txt", 256 * Megabyte, "iptables rules, IPv4, nft variant");

    public static BundlePart Ip6tablesNft { get; } = new("rules/ip6tables-nft-save.txt", 256 * Megabyte, "iptables rules, IPv6, nft variant");

    public static BundlePart IptablesLegacy { get; } = new("rules/iptables-legacy-save.txt", 256 * Megabyte, "iptables rules, IPv4, legacy variant");

    public static BundlePart Ip6tablesLegacy { get; } = new("rules/ip6tables-legacy-save.txt", 256 * Megabyte, "iptables rules, IPv6, legacy variant");

    public static BundlePart Iptables { get; } = new("rules/iptables-save.txt", 256 * Megabyte, "iptables rules, IPv4");

    public static BundlePart Ip6tables { get; } = new("rules/ip6tables-save.txt", 256 * Megabyte, "iptables rules, IPv6");

    public static BundlePart NftJson { get; } = new("rules/nft.json", 512 * Megabyte, "nftables rules, as JSON");

    public static BundlePart NftText { get; } = new("rules/nft.txt", 256 * Megabyte, "nftables rules, for reading");

    public static BundlePart Ipset { get; } = new("rules/ipset.txt", 128 * Megabyte, "ipsets");

    public static BundlePart Ipvs { get; } = new("rules/ipvs.txt", 128 * Megabyte, "virtual servers of IPVS");

    public static BundlePart Network { get; } = new("network.json", 128 * Megabyte, "interfaces, routes, policy rules");

    public static BundlePart Flows { get; } = new("conntrack.txt", 128 * Megabyte, "conntrack flows");

    public static BundlePart FlowSummary { get; } = new("conntrack-summary.json", Megabyte, "numbers of conntrack flows");

    public static BundlePart Status { get; } = new("status.json", 2 * Megabyte, "state of the agent");

    public static BundlePart Metrics { get; } = new("metrics.txt", 32 * Megabyte, "metrics of the agent");

    public static BundlePart Log { get; } = new("log.txt", 8 * Megabyte, "end of the agent's log");

    /// <summary>All parts, in the order of an archive.</summary>
    public static IReadOnlyList<BundlePart> All { get; } =
    [
        Manifest, Objects, Configuration, Egress, Flags, IptablesNft, Ip6tablesNft, IptablesLegacy, Ip6tablesLegacy, Iptables, Ip6tables, NftJson, NftText, Ipset, Ipvs,
        Network, Flows, FlowSummary, Status, Metrics, Log,
    ];

    /// <summary>The files with rules that the readers of rules take. The text of nft has what its JSON has.</summary>
    public static IReadOnlyList<BundlePart> Rules { get; } = [IptablesNft, Ip6tablesNft, IptablesLegacy, Ip6tablesLegacy, Iptables, Ip6tables, NftJson];

    private static readonly FrozenDictionary<string, BundlePart> s_byName = All.ToFrozenDictionary(static part => Root + part.Name, StringComparer.Ordinal);

    /// <summary>The part of a name in an archive; null for any other file.</summary>
    public static BundlePart? Find(string entryName) => s_byName.GetValueOrDefault(entryName.StartsWith("./", StringComparison.Ordinal) ? entryName[2..] : entryName);
}
