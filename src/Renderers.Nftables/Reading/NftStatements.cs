namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>What is known of statements that are not followed, in either form of a listing.</summary>
internal static class NftStatements
{
    public const string QueueReader = "a program that reads the queue and decides";

    public const string Proxy = "a transparent proxy on this node, if one listens";

    /// <summary>What decides a match that begins with a keyword; empty if it is not known.</summary>
    public static string DependsOn(string keyword) => keyword switch
    {
        "limit" => "the rate of packets",
        "quota" => "the bytes counted so far",
        "ct count" => "the number of connections",
        _ => "",
    };

    /// <summary>An update of a set with statements for its elements: with a limit it is a match too.</summary>
    public static NftStatement UpdateWith(string text, NftStatement.UpdateSet update) =>
        text.Contains("limit", StringComparison.Ordinal) || text.Contains("quota", StringComparison.Ordinal) ? new NftStatement.UnknownMatch(text) { DependsOn = DependsOn("limit") }
        : text.Contains("ct count", StringComparison.Ordinal) ? new NftStatement.UnknownMatch(text) { DependsOn = DependsOn("ct count") }
        : update;
}
