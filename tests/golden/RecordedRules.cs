using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>The rule sets that there are for a recorded case: those of kube-proxy and ours, in every mode and form.</summary>
internal static class RecordedRules
{
    public static string Text(string name, string file) => File.ReadAllText(Path.Combine(RecordedCases.CaseDirectory(name), file));

    public static bool Exists(string name, string file) => File.Exists(Path.Combine(RecordedCases.CaseDirectory(name), file));

    public static string SaveFile(string variant, IpFamily family) => $"{variant}/{(family == IpFamily.IPv4 ? "iptables-save.txt" : "ip6tables-save.txt")}";

    public static Ruleset Iptables(string name, IpFamily family, string variant = "iptables") => Rulesets.Iptables(Text(name, SaveFile(variant, family)), family);

    public static Ruleset Nftables(string name, IpFamily family) => Rulesets.Nftables(Text(name, "nftables/nft.json"), family);

    /// <summary>kube-proxy's rules as <c>nft list ruleset</c> prints them.</summary>
    public static Ruleset NftablesText(string name, IpFamily family) => Rulesets.NftablesText(Text(name, "nftables/nft.txt"), family);

    /// <summary>The script that loads our table.</summary>
    public static string OurScript(string name, IpFamily family)
    {
        ArrayBufferWriter<byte> output = new();
        NftablesRenderer.WriteFull(ModelLoader.ReadCase(RecordedCases.CaseDirectory(name), ProxyMode.Nftables)[family], NftablesOptions.Default, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static string OurListing(string name, IpFamily family)
    {
        ArrayBufferWriter<byte> output = new();
        IptablesRenderer.WriteListing(ModelLoader.ReadCase(RecordedCases.CaseDirectory(name), ProxyMode.Iptables)[family], IptablesOptions.Default, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
