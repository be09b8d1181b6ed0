using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>The names of the tools of one variant for one family.</summary>
internal sealed record IptablesTools(IpFamily Family, IptablesVariant Variant)
{
    /// <summary>The wait for the lock: seconds, as kube-proxy (spec 5.1).</summary>
    public static readonly string[] Wait = ["-w", "5"];

    /// <summary>Changes and tests single rules.</summary>
    public string Command => (Family == IpFamily.IPv4 ? "iptables" : "ip6tables") + Variant switch
    {
        IptablesVariant.Nft => "-nft",
        IptablesVariant.Legacy => "-legacy",
        _ => "",
    };

    /// <summary>Lists tables.</summary>
    public string Save => Command + "-save";

    /// <summary>Applies a text.</summary>
    public string Restore => Command + "-restore";

    /// <summary>Whether all three are installed.</summary>
    public bool AreInstalled => ToolPath.Find(Command) is not null && ToolPath.Find(Save) is not null && ToolPath.Find(Restore) is not null;

    /// <summary>The variants that are installed for a family; the plain one only if no other is.</summary>
    public static IReadOnlyList<IptablesTools> Installed(IpFamily family)
    {
        List<IptablesTools> installed = [];
        foreach (IptablesVariant variant in (ReadOnlySpan<IptablesVariant>)[IptablesVariant.Nft, IptablesVariant.Legacy])
        {
            IptablesTools tools = new(family, variant);
            if (tools.AreInstalled)
            {
                installed.Add(tools);
            }
        }

        IptablesTools plain = new(family, IptablesVariant.Plain);
        return installed.Count != 0 || !plain.AreInstalled ? installed : [plain];
    }
}
