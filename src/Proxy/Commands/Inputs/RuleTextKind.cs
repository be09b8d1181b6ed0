namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>What a text is that rules may have been saved in.</summary>
internal enum RuleTextKind
{
    /// <summary>None of these: it may be a manifest.</summary>
    None,

    /// <summary>Of iptables-save, as its first remark says.</summary>
    IptablesSave,

    /// <summary>Of ip6tables-save, as its first remark says.</summary>
    Ip6tablesSave,

    /// <summary>Of one of these two, and no remark says of which.</summary>
    UnnamedSave,

    /// <summary>Of <c>nft -j list ruleset</c>.</summary>
    NftJson,

    /// <summary>In nft's own language: of <c>nft list ruleset</c>, or a script.</summary>
    NftScript,
}
