namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>Which of the two kinds of iptables a host uses. Rules of one are not seen by the other.</summary>
internal enum IptablesVariant
{
    /// <summary>Whatever <c>iptables</c> in PATH is: the others are not installed under names of their own.</summary>
    Plain,

    /// <summary><c>iptables-nft</c>.</summary>
    Nft,

    /// <summary><c>iptables-legacy</c>.</summary>
    Legacy,
}
