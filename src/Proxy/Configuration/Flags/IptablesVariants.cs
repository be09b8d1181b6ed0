namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>The values of <c>--iptables-variant</c>: which of the two implementations of iptables is run.</summary>
internal static class IptablesVariants
{
    /// <summary>The one that the node uses already.</summary>
    public const string Auto = "auto";

    /// <summary>The one on top of nf_tables.</summary>
    public const string Nft = "nft";

    /// <summary>The one with the old kernel interface.</summary>
    public const string Legacy = "legacy";

    /// <summary>Takes one of them from the command line.</summary>
    /// <exception cref="FlagException">The text is none of them.</exception>
    public static string Read(string text) => text is Auto or Nft or Legacy ? text : throw new FlagException("it is auto, nft or legacy");
}
