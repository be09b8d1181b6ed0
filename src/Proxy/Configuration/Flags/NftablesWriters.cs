namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>The values of <c>--nftables-writer</c>: how rules get into the kernel in nftables mode.</summary>
internal static class NftablesWriters
{
    /// <summary>By netlink messages of this program.</summary>
    public const string Netlink = "netlink";

    /// <summary>By the program nft.</summary>
    public const string Nft = "nft";

    /// <summary>Takes one of them from the command line.</summary>
    /// <exception cref="FlagException">The text is none of them.</exception>
    public static string Read(string text) => text is Netlink or Nft ? text : throw new FlagException("it is netlink or nft");
}
