using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Routes;

/// <summary>A policy rule, which chooses the table that a route is looked up in, as <c>ip -j rule</c> shows it (man 8 ip-rule).</summary>
public sealed record PolicyRule
{
    /// <summary>The priority: lower numbers come first.</summary>
    public required uint Priority { get; init; }

    /// <summary>The family.</summary>
    public required IpFamily Family { get; init; }

    /// <summary>The table to look in; empty for another action.</summary>
    public string Table { get; init; } = "";

    /// <summary>What it does instead of a lookup; null for a lookup.</summary>
    public RouteKind? Refusal { get; init; }

    /// <summary>The priority of the rule to go on with; null for no jump.</summary>
    public uint? GoTo { get; init; }

    /// <summary>Routes of no longer prefix than this do not count; null for all.</summary>
    public int? SuppressedLength { get; init; }

    /// <summary>The sources; null for all.</summary>
    public IpPrefix? Source { get; init; }

    /// <summary>The destinations; null for all.</summary>
    public IpPrefix? Destination { get; init; }

    /// <summary>The input interface, <c>lo</c> for what the node makes; empty for all.</summary>
    public string InputInterface { get; init; } = "";

    /// <summary>Whether only sockets that are bound to an interface meet it.</summary>
    public bool IsOfBoundSockets { get; init; }

    /// <summary>The mark and its mask; null for all.</summary>
    public (uint Mark, uint Mask)? Mark { get; init; }

    /// <summary>The protocol; null for all.</summary>
    public TransportProtocol? Protocol { get; init; }

    /// <summary>The source ports; null for all.</summary>
    public (ushort First, ushort Last)? SourcePorts { get; init; }

    /// <summary>The destination ports; null for all.</summary>
    public (ushort First, ushort Last)? DestinationPorts { get; init; }

    /// <summary>Whether it asks for something that is not known of a packet, such as a user.</summary>
    public bool HasMore { get; init; }

    /// <summary>Whether it applies to packets that do not have these properties.</summary>
    public bool IsInverted { get; init; }

    /// <summary>Whether it looks in the table of the packet's VRF.</summary>
    public bool IsOfVrf { get; init; }

    /// <summary>Whether it is for a packet; null if that depends on what is not known.</summary>
    public bool? IsFor(in RouteQuery query)
    {
        bool? all = true;
        And(ref all, Source is not { } source ? true : query.Source is { } address ? source.Contains(address) : null);
        And(ref all, Destination is not { } destination ? true : destination.Contains(query.Destination));
        And(ref all, InputInterface.Length == 0 ? true : query.IsInputOpen ? null : InputInterface == (query.InputInterface ?? "lo"));
        And(ref all, !IsOfBoundSockets);
        And(ref all, Mark is not { } mark ? true : HasMark(query, mark.Mark, mark.Mask));
        And(ref all, Protocol is not { } protocol ? true : protocol == query.Protocol);
        And(ref all, SourcePorts is not { } from ? true : query.SourcePort is { } port ? port >= from.First && port <= from.Last : null);
        And(ref all, DestinationPorts is not { } to ? true : query.DestinationPort is { } dialled ? dialled >= to.First && dialled <= to.Last : null);
        And(ref all, HasMore ? null : true);
        return IsInverted ? !all : all;
    }

    /// <summary>The rule as <c>ip rule</c> numbers it.</summary>
    public override string ToString()
    {
        string mark = Mark is { } given ? FormattableString.Invariant($" fwmark 0x{given.Mark:x}/0x{given.Mask:x}") : "";
        return FormattableString.Invariant($"{Priority}:{(IsInverted ? " not" : "")} from {Source?.ToString() ?? "all"}{(Destination is null ? "" : $" to {Destination}")}{mark}{(InputInterface.Length == 0 ? "" : $" iif {InputInterface}")}{(Table.Length == 0 ? "" : $" lookup {Table}")}");
    }

    private static bool? HasMark(in RouteQuery query, uint mark, uint mask) =>
        ((query.Mark ^ mark) & mask & query.KnownMark) != 0 ? false : (mask & ~query.KnownMark) == 0 ? true : null;

    /// <summary>Of three values: one that is false decides, whatever the others are.</summary>
    private static void And(ref bool? all, bool? one) => all = all == false || one == false ? false : all is null || one is null ? null : true;
}
