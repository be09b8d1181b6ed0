using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>Packets, as they come in or are sent: by what a rule can ask for. Null stands for anything.</summary>
internal sealed record PacketScope
{
    /// <summary>All packets.</summary>
    public static PacketScope All { get; } = new();

    public IpAddress? Destination { get; init; }

    /// <summary>Where they come from.</summary>
    public TrafficOrigin? Origin { get; init; }

    /// <summary>The sources, ordered and without overlaps.</summary>
    public AddressRange[]? Sources { get; init; }

    public ProtocolSet Protocols { get; init; } = ProtocolSet.All;

    /// <summary>The destination ports.</summary>
    public (ushort First, ushort Last)[]? Ports { get; init; }

    public ConnectionKinds Kinds { get; init; } = ConnectionKinds.All;

    /// <summary>
    /// The packets that a rule may match, in everything that stays as it is on the way: sources, protocol, and what conntrack
    /// knows. Destination and port are those at the rule; where something rewrites them, they say nothing of the packet.
    /// </summary>
    /// <param name="rule">The rule; null for a policy, which may meet any packet.</param>
    /// <param name="keepsKinds">Whether no rule changes what conntrack knows of a packet.</param>
    public static PacketScope Of(WalkRule? rule, bool keepsKinds)
    {
        PacketScope scope = All;
        foreach (RuleStep step in rule is null ? [] : LeadingMatches(rule))
        {
            scope = step switch
            {
                RuleStep.AddressMatch { Field: PacketField.Source, IsNegated: false } match when scope.Sources is null =>
                    scope with { Sources = [.. AddressRanges.Normalize(match.Ranges.AsSpan().ToArray())] },
                RuleStep.ProtocolMatch { Protocol: { } protocol } match =>
                    scope with { Protocols = scope.Protocols & (match.IsNegated ? ProtocolSet.All & ~ProtocolSets.Of(protocol) : ProtocolSets.Of(protocol)) },
                RuleStep.ProtocolMatch { IsNegated: false } => scope with { Protocols = scope.Protocols & ProtocolSet.Other },
                RuleStep.PortMatch { Field: PacketField.DestinationPort, IsNegated: false } match when scope.Ports is null => scope with { Ports = [(match.First, match.Last)] },
                RuleStep.PortsMatch { Field: PacketField.DestinationPort, IsNegated: false } match when scope.Ports is null =>
                    scope with { Ports = Merged(match.Ranges.AsSpan()) },
                RuleStep.StateMatch match when keepsKinds => scope with { Kinds = scope.Kinds & ScopeTest.KindsThatMayHave(match) },
                _ => scope,
            };
        }

        return scope;
    }

    private static (ushort First, ushort Last)[] Merged(ReadOnlySpan<PortRange> ranges)
    {
        List<(ushort First, ushort Last)> ports = [];
        foreach (PortRange range in ranges)
        {
            ports.Add((range.First, range.Last));
        }

        return [.. Merged(ports)];
    }

    /// <summary>Ranges of ports in order, without overlaps: no packet is walked twice.</summary>
    public static List<(ushort First, ushort Last)> Merged(List<(ushort First, ushort Last)> ports)
    {
        List<(ushort First, ushort Last)> merged = [];
        foreach ((ushort first, ushort last) in ports.Order())
        {
            if (merged.Count != 0 && first <= merged[^1].Last)
            {
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            }
            else
            {
                merged.Add((first, last));
            }
        }

        return merged;
    }

    /// <summary>The matches of a rule before its first statement: if one of them fails, the rule does nothing.</summary>
    public static List<RuleStep> LeadingMatches(WalkRule rule)
    {
        List<RuleStep> matches = [];
        foreach (RuleStep step in rule.Steps)
        {
            if (step.IsMatch)
            {
                matches.Add(step);
            }
            else if (step is not RuleStep.NoEffect)
            {
                break;
            }
        }

        return matches;
    }

    /// <summary>Whether another scope has the same packets.</summary>
    public bool IsSameAs(PacketScope other) =>
        Destination == other.Destination
        && Equals(Origin, other.Origin)
        && Protocols == other.Protocols
        && Kinds == other.Kinds
        && (Sources is null ? other.Sources is null : other.Sources is not null && Sources.AsSpan().SequenceEqual(other.Sources))
        && (Ports is null ? other.Ports is null : other.Ports is not null && Ports.AsSpan().SequenceEqual(other.Ports));
}

/// <summary>Where packets of a scope may be sent, besides to where they are addressed.</summary>
/// <param name="Destinations">Addresses that rules rewrite the destination to; null for any.</param>
/// <param name="Ports">Ports that they rewrite the port to; null for any.</param>
internal sealed record Rewriting(HashSet<IpAddress>? Destinations, HashSet<ushort>? Ports)
{
    /// <summary>Nothing is rewritten.</summary>
    public static Rewriting None { get; } = new([], []);

    /// <summary>Whether something is.</summary>
    public bool IsAny => Destinations is not { Count: 0 } || Ports is not { Count: 0 };
}

/// <summary>Whether rules may match packets of a scope. It says yes where it does not know.</summary>
/// <param name="scope">The packets.</param>
/// <param name="node">The node.</param>
/// <param name="family">The family.</param>
/// <param name="rewriting">Where they may be sent.</param>
internal sealed class ScopeTest(PacketScope scope, NodeView node, IpFamily family, Rewriting rewriting)
{
    private readonly AddressRange[] _local = node.LocalRanges(family);

    /// <summary>The kinds of packets that may have one of the states of a match.</summary>
    public static ConnectionKinds KindsThatMayHave(RuleStep.StateMatch match)
    {
        // What a new packet has by now is not known here: it may be rewritten or not.
        ConnectionKinds most = ConnectionKindStates.Having(ConnectionKinds.All, match.States, ConnectionStates.Dnat | ConnectionStates.Snat);
        ConnectionKinds least = ConnectionKindStates.Having(ConnectionKinds.All, match.States, ConnectionStates.None);
        return match.IsNegated ? ConnectionKinds.All & ~least : most;
    }

    /// <summary>Whether a rule may match one of the packets; true for a policy.</summary>
    public bool MayMatch(WalkRule? rule)
    {
        foreach (RuleStep step in rule is null ? [] : rule.Steps.AsSpan())
        {
            if (!step.IsMatch)
            {
                if (step is RuleStep.NoEffect)
                {
                    continue;
                }

                return true;
            }

            if (!MayMatch(step))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a rule surely matches all of the packets, whatever other rules have done to them before. It says no where it does not know.</summary>
    public bool MustMatch(WalkRule rule)
    {
        foreach (RuleStep step in rule.Steps)
        {
            // A lookup that finds nothing ends the rule, too.
            if (step is RuleStep.Cases or RuleStep.VerdictLookup or RuleStep.DnatLookup || (step.IsMatch && !MustMatch(step)))
            {
                return false;
            }
        }

        return true;
    }

    private bool MustMatch(RuleStep step) => step switch
    {
        RuleStep.AddressMatch { Field: PacketField.Destination } match => MustGo(address => IsIn(match.Ranges.AsSpan(), address) != match.IsNegated),
        RuleStep.AddressMatch { Field: PacketField.Source } match => MustCome(match.Ranges.AsSpan(), match.IsNegated),
        RuleStep.ProtocolMatch { Protocol: { } protocol } match => (scope.Protocols & (match.IsNegated ? ProtocolSets.Of(protocol) : ~ProtocolSets.Of(protocol))) == 0,
        RuleStep.PortMatch { Field: PacketField.DestinationPort } match => MustHavePort(new(match.First, match.Last), match.IsNegated),
        RuleStep.InterfaceMatch { IsInput: true } match => scope.Origin is { } origin && IsNamed(match, origin.Interface ?? "") != match.IsNegated
            && (origin.Interface is not null || IsNamed(match, "lo") != match.IsNegated),
        _ => false,
    };

    private bool MustGo(Func<IpAddress, bool> isSo) =>
        scope.Destination is { } destination && isSo(destination) && rewriting.Destinations is { } others && others.All(isSo);

    /// <summary>Where a statement is not known it may have rewritten the source too.</summary>
    private bool MustCome(ReadOnlySpan<AddressRange> ranges, bool isNegated)
    {
        if (scope.Sources is null || rewriting.Destinations is null)
        {
            return false;
        }

        foreach (AddressRange source in scope.Sources)
        {
            bool isInside = false;
            bool isTouched = false;
            foreach (AddressRange range in ranges)
            {
                isInside |= range.Contains(source);
                isTouched |= range.Overlaps(source);
            }

            if (isNegated ? isTouched : !isInside)
            {
                return false;
            }
        }

        return true;
    }

    private bool MustHavePort(PortRange range, bool isNegated)
    {
        if (scope.Ports is null || rewriting.Ports is null)
        {
            return false;
        }

        foreach ((ushort first, ushort last) in scope.Ports)
        {
            bool isTouched = first <= range.Last && last >= range.First;
            bool isInside = first >= range.First && last <= range.Last;
            if (isNegated ? isTouched : !isInside)
            {
                return false;
            }
        }

        return rewriting.Ports.All(port => (port >= range.First && port <= range.Last) != isNegated);
    }

    private bool MayMatch(RuleStep step) => step switch
    {
        RuleStep.AddressMatch { Field: PacketField.Destination } match => MayGo(address => IsIn(match.Ranges.AsSpan(), address) != match.IsNegated),
        RuleStep.AddressMatch { Field: PacketField.Source } match => MayCome(match.Ranges.AsSpan(), match.IsNegated),
        RuleStep.LocalMatch { Field: PacketField.Destination } match => MayGo(address => node.IsLocal(address) != match.IsNegated),
        RuleStep.LocalMatch { Field: PacketField.Source, IsNegated: false } => MayCome(_local, isNegated: false),
        RuleStep.ProtocolMatch { Protocol: { } protocol } match => (scope.Protocols & (match.IsNegated ? ~ProtocolSets.Of(protocol) : ProtocolSets.Of(protocol))) != 0,
        RuleStep.ProtocolMatch { IsNegated: false } => (scope.Protocols & ProtocolSet.Other) != 0,
        RuleStep.PortMatch { Field: PacketField.DestinationPort } match => MayHavePort(new(match.First, match.Last), match.IsNegated),
        RuleStep.PortsMatch { Field: PacketField.DestinationPort, IsNegated: false } match => MayHavePort(match.Ranges.AsSpan()),
        RuleStep.InterfaceMatch { IsInput: true } match => MayComeBy(match),
        RuleStep.StateMatch match => (scope.Kinds & KindsThatMayHave(match)) != 0,
        _ => true,
    };

    /// <summary>Whether the address that a packet is sent to may be so, before or after it is rewritten.</summary>
    public bool MayGo(Func<IpAddress, bool> isSo) =>
        scope.Destination is not { } destination || isSo(destination) || rewriting.Destinations is null || rewriting.Destinations.Any(isSo);

    private bool MayCome(ReadOnlySpan<AddressRange> ranges, bool isNegated)
    {
        foreach (AddressRange source in scope.Sources ?? [])
        {
            bool isInside = false;
            bool isTouched = false;
            foreach (AddressRange range in ranges)
            {
                isInside |= range.Contains(source);
                isTouched |= range.Overlaps(source);
            }

            if (isNegated ? !isInside : isTouched)
            {
                return true;
            }
        }

        return scope.Sources is null;
    }

    private bool MayHavePort(ReadOnlySpan<PortRange> ranges)
    {
        foreach (PortRange range in ranges)
        {
            if (MayHavePort(range, isNegated: false))
            {
                return true;
            }
        }

        return false;
    }

    private bool MayHavePort(PortRange match, bool isNegated)
    {
        if (scope.Ports is null || rewriting.Ports is null)
        {
            return true;
        }

        foreach ((ushort first, ushort last) in scope.Ports)
        {
            bool isTouched = first <= match.Last && last >= match.First;
            bool isInside = first >= match.First && last <= match.Last;
            if (isNegated ? !isInside : isTouched)
            {
                return true;
            }
        }

        return rewriting.Ports.Any(port => (port >= match.First && port <= match.Last) != isNegated);
    }

    /// <summary>A packet of the node has no input interface, and that of loopback where it is delivered to the node itself.</summary>
    private bool MayComeBy(RuleStep.InterfaceMatch match) => scope.Origin switch
    {
        null => true,
        { Interface: { } name } => IsNamed(match, name) != match.IsNegated,
        _ => IsNamed(match, "") != match.IsNegated || IsNamed(match, "lo") != match.IsNegated,
    };

    private static bool IsNamed(RuleStep.InterfaceMatch match, string name) => match.IsPrefix
        ? name.StartsWith(match.Name, StringComparison.Ordinal)
        : string.Equals(name, match.Name, StringComparison.Ordinal);

    private static bool IsIn(ReadOnlySpan<AddressRange> ranges, IpAddress address)
    {
        UInt128 bits = address.ToBits();
        foreach (AddressRange range in ranges)
        {
            if (range.Contains(bits))
            {
                return true;
            }
        }

        return false;
    }
}
