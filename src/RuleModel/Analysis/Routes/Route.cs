using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Routes;

/// <summary>A route, as <c>ip -j route show table all</c> shows it.</summary>
/// <param name="Destination">The destinations.</param>
/// <param name="Table">The table: main, local, or another by name or number.</param>
/// <param name="Kind">What becomes of packets.</param>
public sealed record Route(IpPrefix Destination, string Table, RouteKind Kind)
{
    /// <summary>The name of the table of ordinary routes.</summary>
    public const string Main = "main";

    /// <summary>The name of the table of the node's own addresses.</summary>
    public const string Local = "local";

    /// <summary>The name of the table that is looked at last.</summary>
    public const string Default = "default";

    /// <summary>The next hops; several for a multipath route, of which the kernel picks one for each connection.</summary>
    public IReadOnlyList<RouteHop> Hops { get; init; } = [];

    /// <summary>The source that the node's own packets get; null to choose it from the interface.</summary>
    public IpAddress? PreferredSource { get; init; }

    /// <summary>The metric: of equal destinations the lowest counts.</summary>
    public uint Metric { get; init; }

    /// <summary>Whether it counts only for some packets, of a source prefix or a type of service.</summary>
    public bool IsConditional { get; init; }

    /// <summary>The route as <c>ip route</c> writes it, without what does not matter here.</summary>
    public override string ToString()
    {
        string kind = Kind == RouteKind.Unicast ? "" : Kind.ToString().ToLowerInvariant() + " ";
        string destination = Destination.IsEverything ? "default" : Destination.IsSingleAddress ? Destination.Address.ToString() : Destination.ToString();
        string hops = Hops.Count == 1 ? Hops[0].ToString() : string.Concat(Hops.Select(static hop => $" nexthop{hop}"));
        return $"{kind}{destination}{hops}{(Table == Main ? "" : $" table {Table}")}";
    }
}

/// <summary>Where packets of a route go next.</summary>
/// <param name="Interface">The interface.</param>
/// <param name="Gateway">The gateway; null if the destination is a neighbour.</param>
public sealed record RouteHop(string Interface, IpAddress? Gateway)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(Gateway is null ? "" : $" via {Gateway}")}{(Interface.Length == 0 ? "" : $" dev {Interface}")}";
}

/// <summary>What becomes of packets of a route (RTN_* of linux/rtnetlink.h).</summary>
public enum RouteKind : byte
{
    /// <summary>They are sent on.</summary>
    Unicast,

    /// <summary>They are delivered on this node.</summary>
    Local,

    /// <summary>They are dropped silently.</summary>
    Blackhole,

    /// <summary>They are refused: host unreachable.</summary>
    Unreachable,

    /// <summary>They are refused: administratively prohibited.</summary>
    Prohibit,

    /// <summary>The lookup goes on as if the table had no route.</summary>
    Throw,

    /// <summary>They are for more than one host.</summary>
    Broadcast,
}
