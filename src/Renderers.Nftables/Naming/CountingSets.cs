using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Naming;

/// <summary>
/// The sets in which rules count the connections of Services (docs/service-counters.md). A key is the destination that the client
/// connects to: address, protocol and port; of node ports there is one for each address of the node that is used. Rules add the
/// elements, each with a counter, so a set holds what was connected to, and no transaction writes or replaces an element.
/// </summary>
public static class CountingSets
{
    /// <summary>What all names begin with.</summary>
    public static ReadOnlySpan<byte> Prefix => "counted-"u8;

    /// <summary>New connections that were sent to an endpoint of the Cluster group.</summary>
    public const string SentToCluster = "counted-cluster";

    /// <summary>New connections that were sent to an endpoint of the group of policy Local.</summary>
    public const string SentToLocal = "counted-local";

    /// <summary>Packets that were refused, because the service port has no endpoints.</summary>
    public const string Refused = "counted-refused";

    /// <summary>Packets that were dropped, because policy Local leaves no endpoint on this node.</summary>
    public const string NoLocalEndpoints = "counted-no-local";

    /// <summary>Packets that were dropped, because their source is in none of the source ranges.</summary>
    public const string SourceRanges = "counted-source-ranges";

    /// <summary>All of them.</summary>
    public static EquatableArray<string> All { get; } = [SentToCluster, SentToLocal, Refused, NoLocalEndpoints, SourceRanges];
}
