using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Routes;

/// <summary>
/// The interfaces and routes of a node, and the lookup of a route as the kernel makes it: policy rules by priority, in each table
/// the longest prefix, then the lowest metric (net/core/fib_rules.c, net/ipv4/fib_trie.c, net/ipv6/route.c). Not for several
/// threads at once.
/// </summary>
public sealed class NodeNetwork
{
    private readonly Dictionary<RouteQuery, RouteDecision> _found = [];
    private readonly ILookup<string, Route> _tables;
    private readonly PolicyRule[] _ipv4Rules;
    private readonly PolicyRule[] _ipv6Rules;

    /// <summary>Takes the facts.</summary>
    /// <param name="interfaces">The interfaces, in the order of their numbers; none if they were not given.</param>
    /// <param name="routes">The routes; none if they were not given.</param>
    /// <param name="rules">The policy rules; those of a family are either all given or none.</param>
    public NodeNetwork(IEnumerable<NodeInterface> interfaces, IEnumerable<Route> routes, IEnumerable<PolicyRule> rules)
    {
        Interfaces = [.. interfaces];
        Routes = [.. routes];
        _tables = Routes.ToLookup(static route => route.Table, StringComparer.Ordinal);
        ILookup<IpFamily, PolicyRule> byFamily = rules.OrderBy(static rule => rule.Priority).ToLookup(static rule => rule.Family);
        _ipv4Rules = [.. byFamily[IpFamily.IPv4]];
        _ipv6Rules = [.. byFamily[IpFamily.IPv6]];
    }

    /// <summary>The interfaces.</summary>
    public IReadOnlyList<NodeInterface> Interfaces { get; }

    /// <summary>All routes.</summary>
    public IReadOnlyList<Route> Routes { get; }

    /// <summary>Whether routes of a family were given.</summary>
    public bool HasRoutes(IpFamily family) => Routes.Any(route => route.Destination.Family == family && route.Table != Route.Local);

    /// <summary>The node's own addresses: those of interfaces and those of local routes to one address.</summary>
    public IReadOnlyList<IpAddress> Addresses =>
    [
        .. Interfaces.SelectMany(static each => each.Addresses).Select(static address => address.Address)
            .Concat(Routes.Where(static route => route is { Kind: RouteKind.Local, Destination.IsSingleAddress: true }).Select(static route => route.Destination.Address))
            .Distinct(),
    ];

    /// <summary>The tables that only policy rules lead to, when none were given.</summary>
    public IReadOnlyList<string> TablesWithoutRule(IpFamily family) => RulesOf(family).Length != 0 ? [] :
        [.. Routes.Where(route => route.Destination.Family == family && route.Table is not (Route.Main or Route.Local or Route.Default)).Select(static route => route.Table).Distinct(StringComparer.Ordinal)];

    /// <summary>Whether a policy rule asks for marks.</summary>
    public bool AsksForMarks => _ipv4Rules.Concat(_ipv6Rules).Any(static rule => rule.Mark is not null);

    /// <summary>An interface by name; null if it was not given.</summary>
    public NodeInterface? InterfaceOf(string name) => Interfaces.FirstOrDefault(each => each.Name == name);

    /// <summary>The interface that has an address; null if none has it.</summary>
    public NodeInterface? InterfaceWith(IpAddress address) => Interfaces.FirstOrDefault(each => each.Addresses.Any(own => own.Address == address));

    /// <summary>Looks up a route.</summary>
    public RouteDecision Find(in RouteQuery query)
    {
        if (!_found.TryGetValue(query, out RouteDecision? decision))
        {
            decision = FindFirst(query);
            _found.Add(query, decision);
        }

        return decision;
    }

    private PolicyRule[] RulesOf(IpFamily family) => family == IpFamily.IPv4 ? _ipv4Rules : _ipv6Rules;

    private RouteDecision FindFirst(in RouteQuery query)
    {
        PolicyRule[] rules = RulesOf(query.Destination.Family);
        if (rules.Length != 0)
        {
            return FindFrom(rules, 0, query);
        }

        if (FindIn(Route.Local, query) is { } local)
        {
            return local;
        }

        if (TablesWithoutRule(query.Destination.Family) is [var first, ..] others)
        {
            return new(RouteDecisionKind.Open, null, $"policy rules, which were not given, though table {first}{(others.Count == 1 ? "" : $" and {others.Count - 1} more")} has routes (ip -j rule)");
        }

        return FindIn(Route.Main, query) ?? FindIn(Route.Default, query) ?? new(RouteDecisionKind.NoRoute, null);
    }

    /// <summary>Follows policy rules from one of them on; a rule that may be for the packet decides nothing if both answers end alike.</summary>
    private RouteDecision FindFrom(PolicyRule[] rules, int index, in RouteQuery query)
    {
        for (; index < rules.Length; index++)
        {
            PolicyRule rule = rules[index];
            bool? isFor = rule.IsFor(query);
            if (isFor == false)
            {
                continue;
            }

            RouteDecision? taken = Take(rules, index, query);
            if (isFor == true && taken is not null)
            {
                return taken;
            }

            if (taken is not null)
            {
                RouteDecision other = FindFrom(rules, index + 1, query);
                return taken.IsLike(other) ? other : new(RouteDecisionKind.Open, null, $"policy rule {rule}");
            }
        }

        return new(RouteDecisionKind.NoRoute, null);
    }

    /// <summary>What a policy rule finds for a packet that it is for; null if the next rule is asked.</summary>
    private RouteDecision? Take(PolicyRule[] rules, int index, in RouteQuery query)
    {
        PolicyRule rule = rules[index];
        if (rule.GoTo is { } priority)
        {
            int target = Array.FindIndex(rules, index + 1, candidate => candidate.Priority >= priority);
            return FindFrom(rules, target < 0 ? rules.Length : target, query);
        }

        if (rule.Refusal is { } refusal)
        {
            return new(RouteDecisionKind.Refused, new(IpPrefix.Of(query.Destination), "", refusal));
        }

        if (rule.IsOfVrf)
        {
            return Interfaces.Count != 0 && Interfaces.All(static each => each.Kind.Length == 0 ? !each.Name.StartsWith("vrf", StringComparison.Ordinal) : each.Kind != "vrf")
                ? null
                : new(RouteDecisionKind.Open, null, $"the VRF of the packet (policy rule {rule.Priority})");
        }

        RouteDecision? found = rule.Table.Length == 0 ? null : FindIn(rule.Table, query);
        return found is { Route: { } route } && rule.SuppressedLength is { } length && route.Destination.Length <= length ? null : found;
    }

    private RouteDecision? FindIn(string table, in RouteQuery query)
    {
        Route? best = null;
        foreach (Route route in _tables[table])
        {
            if (route.Destination.Contains(query.Destination) && (best is null || IsBefore(route, best)))
            {
                best = route;
            }
        }

        return best switch
        {
            null or { Kind: RouteKind.Throw } => null,
            { IsConditional: true } => new(RouteDecisionKind.Open, null, $"whether the route {best} is for this source and type of service"),
            { Kind: RouteKind.Unicast } => new(RouteDecisionKind.Sent, Joined(best)),
            { Kind: RouteKind.Local or RouteKind.Broadcast } => new(RouteDecisionKind.Local, best),
            _ => new(RouteDecisionKind.Refused, best),
        };
    }

    /// <summary>A conditional route comes before its equal, since it may be the one.</summary>
    private static bool IsBefore(Route route, Route other) =>
        route.Destination.Length != other.Destination.Length ? route.Destination.Length > other.Destination.Length
        : route.IsConditional != other.IsConditional ? route.IsConditional
        : route.Metric < other.Metric;

    /// <summary>IPv6 lists the next hops of a multipath route as routes of their own in some versions of ip.</summary>
    private Route Joined(Route best)
    {
        if (best.Destination.Family == IpFamily.IPv4)
        {
            return best;
        }

        Route[] alike = [.. _tables[best.Table].Where(route => route.Destination == best.Destination && route.Metric == best.Metric && route.Kind == RouteKind.Unicast && !route.IsConditional)];
        return alike.Length == 1 ? best : best with { Hops = [.. alike.SelectMany(static route => route.Hops)] };
    }
}
