using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>What becomes of a packet on one path, as far as the sender can notice it.</summary>
/// <param name="Verdict">Accepted, dropped or refused.</param>
/// <param name="RejectWith">What a refused client gets.</param>
/// <param name="Target">Where it is sent; null if its destination stays.</param>
/// <param name="TargetPort">The port there; 0 if the port stays.</param>
/// <param name="IsMasqueraded">Whether it leaves with an address of the node.</param>
/// <param name="Remembered">The endpoints that the client is remembered for; empty for none.</param>
/// <param name="Unknown">Statements on the path that are not understood.</param>
public readonly record struct WalkResult(
    WalkVerdict Verdict, string RejectWith, IpAddress? Target, ushort TargetPort, bool IsMasqueraded, string Remembered, string Unknown)
{
    /// <summary>What the source is rewritten to; null for an address of the node, or nothing.</summary>
    public SourceTranslation? NewSource { get; init; }

    /// <summary>Whether it goes on to where it was sent.</summary>
    public bool IsPassing => Verdict == WalkVerdict.Accept && Target is null;

    /// <summary>In words.</summary>
    public override string ToString()
    {
        string text = Verdict switch
        {
            WalkVerdict.Drop => "dropped",
            WalkVerdict.Reject => $"refused ({RejectWith})",
            _ when Target is { } target => TargetPort == 0 ? target.ToString() : new EndpointAddress(target, TargetPort).ToString(),
            _ => "passes unchanged",
        };
        text = IsPassing && IsMasqueraded ? "passes" : text;
        return text + (NewSource?.Addresses is { } source ? $", from {source}" : IsMasqueraded ? ", masqueraded" : "") + (Remembered.Length == 0 ? "" : ", remembered") + (Unknown.Length == 0 ? "" : $", after \"{Unknown}\"");
    }
}

/// <summary>One of the things that may become of a packet.</summary>
/// <param name="Result">What.</param>
/// <param name="Share">How likely, 0 to 1.</param>
public readonly record struct ResultShare(WalkResult Result, double Share);

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
