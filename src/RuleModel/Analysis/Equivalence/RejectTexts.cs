namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>The names of refusals differ between the tools.</summary>
internal static class RejectTexts
{
    /// <summary>The name in nft's words.</summary>
    public static string Canonical(string with)
    {
        string text = with.Replace(' ', '-');
        text = text.StartsWith("icmp6-", StringComparison.Ordinal) ? text[6..]
            : text.StartsWith("icmp-", StringComparison.Ordinal) ? text[5..]
            : text;
        return text switch
        {
            "" or "port-unreach" => "port-unreachable",
            "adm-prohibited" => "admin-prohibited",
            "addr-unreach" => "addr-unreachable",
            "reset" => "tcp-reset",
            _ => text,
        };
    }
}
