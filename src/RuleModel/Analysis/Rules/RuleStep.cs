using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>
/// A step of a rule, in the order of its text: a match, which decides whether the rule continues, or a statement, which acts
/// on the packet. Both iptables and nftables rules are parsed into these; what is not understood is kept as text.
/// </summary>
public abstract record RuleStep
{
    private RuleStep()
    {
    }

    /// <summary>Whether the step is a match, not a statement.</summary>
    internal bool IsMatch => this is AddressMatch or ProtocolMatch or PortMatch or PortsMatch or InterfaceMatch or MarkMatch or ConnectionMarkMatch
        or StateMatch or TrackedMatch or LocalMatch or AddressTypeMatch or RandomMatch or KnownClientMatch or SetMatch or AnyOf or SettledMatch or UnknownMatch;

    /// <summary>The source or destination address is in one of several ranges.</summary>
    /// <param name="Field"><see cref="PacketField.Source"/> or <see cref="PacketField.Destination"/>.</param>
    /// <param name="Ranges">The ranges.</param>
    /// <param name="IsNegated">Whether it must be in none of them.</param>
    public sealed record AddressMatch(PacketField Field, EquatableArray<AddressRange> Ranges, bool IsNegated) : RuleStep;

    /// <summary>The protocol; null stands for one that no Service can have.</summary>
    public sealed record ProtocolMatch(TransportProtocol? Protocol, bool IsNegated) : RuleStep;

    /// <summary>A port is in a range.</summary>
    public sealed record PortMatch(PacketField Field, ushort First, ushort Last, bool IsNegated) : RuleStep;

    /// <summary>A port is in one of several ranges.</summary>
    public sealed record PortsMatch(PacketField Field, EquatableArray<PortRange> Ranges, bool IsNegated) : RuleStep;

    /// <summary>The name of the interface, or its prefix.</summary>
    /// <param name="IsInput">True for the input interface, false for the output interface.</param>
    /// <param name="Name">The name or prefix.</param>
    /// <param name="IsPrefix">Whether <paramref name="Name"/> is a prefix.</param>
    /// <param name="IsNegated">Whether the match is inverted.</param>
    public sealed record InterfaceMatch(bool IsInput, string Name, bool IsPrefix, bool IsNegated) : RuleStep;

    /// <summary>The mark, masked, has a value.</summary>
    public sealed record MarkMatch(uint Mask, uint Value, bool IsNegated) : RuleStep
    {
        /// <summary>What the match is called where a rule took the mark from the connection's mark, which is not followed.</summary>
        public string NameOfRestored => $"mark 0x{Value:x}/0x{Mask:x}, as the connection has it";
    }

    /// <summary>The mark of the connection, masked, has a value. That of a new connection is 0.</summary>
    public sealed record ConnectionMarkMatch(uint Mask, uint Value, bool IsNegated) : RuleStep;

    /// <summary>The connection is in one of several states.</summary>
    public sealed record StateMatch(ConnectionStates States, bool IsNegated) : RuleStep;

    /// <summary>The packet belongs to a connection. What rules ask of a connection fails for others, also when it is negated.</summary>
    public sealed record TrackedMatch : RuleStep;

    /// <summary>Source or destination is an address of this node.</summary>
    public sealed record LocalMatch(PacketField Field, bool IsNegated) : RuleStep;

    /// <summary>Source or destination is of one of several types.</summary>
    /// <param name="Field"><see cref="PacketField.Source"/> or <see cref="PacketField.Destination"/>.</param>
    /// <param name="Types">The types.</param>
    /// <param name="IsNegated">Whether it must be of none of them.</param>
    /// <param name="OfInterface">Whether only the addresses of the packet's interface count as local (--limit-iface-in, fib daddr . iif type).</param>
    public sealed record AddressTypeMatch(PacketField Field, AddressTypes Types, bool IsNegated, bool OfInterface = false) : RuleStep
    {
        /// <summary>
        /// Whether an IPv6 address must be of each type that is listed, as xt_addrtype asks, for which an address of the node is unicast
        /// too. nft's <c>fib</c> has one type for each address.
        /// </summary>
        public bool NeedsAllForIPv6 { get; init; }
    }

    /// <summary>Matches at random.</summary>
    /// <param name="Probability">0 to 1.</param>
    public sealed record RandomMatch(double Probability) : RuleStep;

    /// <summary>The client connected recently: session affinity.</summary>
    /// <param name="List">The recent list or the set that records clients.</param>
    /// <param name="Seconds">How long a client is recorded for.</param>
    public sealed record KnownClientMatch(string List, int Seconds) : RuleStep;

    /// <summary>The key is in a set.</summary>
    /// <param name="Key">The parts of the key.</param>
    /// <param name="Set">The set.</param>
    /// <param name="IsNegated">Whether it must not be in it.</param>
    public sealed record SetMatch(EquatableArray<KeyPart> Key, ElementSet Set, bool IsNegated) : RuleStep;

    /// <summary>At least one of several lists of matches is met by the packet as a whole: elements of a set, ports of either side.</summary>
    /// <param name="Alternatives">The lists; all matches of one must be met.</param>
    /// <param name="IsNegated">Whether none of them may be met.</param>
    public sealed record AnyOf(EquatableArray<EquatableArray<RuleStep>> Alternatives, bool IsNegated) : RuleStep;

    /// <summary>A match that does not depend on the packet.</summary>
    /// <param name="Text">The match as it was listed.</param>
    /// <param name="Holds">Whether it matches.</param>
    /// <param name="OnlyFirstPacket">Whether that is known of the first packet of a connection only, such as TCP flags.</param>
    public sealed record SettledMatch(string Text, bool Holds, bool OnlyFirstPacket) : RuleStep;

    /// <summary>A match that packet and rules do not decide: it may match or not.</summary>
    /// <param name="Text">The match as it was listed.</param>
    public sealed record UnknownMatch(string Text) : RuleStep
    {
        /// <summary>What it depends on, such as <c>the rate of packets</c>; empty if the match is not understood at all.</summary>
        public string DependsOn { get; init; } = "";

        /// <summary>
        /// The text without negation, for a match that two rules decide alike for one packet; empty for one that each rule decides
        /// for itself, such as a rate.
        /// </summary>
        public string Fact { get; init; } = "";

        /// <summary>Whether it depends on an ipset none of whose contents were given.</summary>
        public bool IsOfIpSet { get; init; }

        /// <summary>A digest of what it depends on and what is not decided by, such as the contents of an ipset of MAC addresses; empty if that is not known.</summary>
        public string Contents { get; init; } = "";

        /// <summary>Whether the match is the opposite of <see cref="Fact"/>.</summary>
        public bool IsNegated { get; init; }

        /// <summary>The answer for packets that the node did not send itself, such as of <c>-m owner</c>; null if it is open too.</summary>
        public bool? OfForwarded { get; init; }
    }

    /// <summary>Accept, drop, return.</summary>
    public sealed record Verdict(WalkVerdict Kind) : RuleStep;

    /// <summary>Reject with an error.</summary>
    /// <param name="With">What the client gets, such as <c>icmp-port-unreachable</c>; empty for the default.</param>
    public sealed record Reject(string With) : RuleStep;

    /// <summary>Continue in a chain and, unless <paramref name="IsGoto"/>, return from it.</summary>
    public sealed record Jump(string Chain, bool IsGoto) : RuleStep;

    /// <summary>Apply the verdict that a map has for the key; no effect when the key is not in the map.</summary>
    public sealed record VerdictLookup(EquatableArray<KeyPart> Key, VerdictMap Map) : RuleStep;

    /// <summary>Mark := (mark AND <paramref name="And"/>) XOR <paramref name="Xor"/>.</summary>
    public sealed record SetMark(uint And, uint Xor) : RuleStep;

    /// <summary>Mark of the connection := (mark AND <paramref name="And"/>) XOR <paramref name="Xor"/>.</summary>
    public sealed record SetConnectionMark(uint And, uint Xor) : RuleStep;

    /// <summary>Mark of the connection := (it AND NOT <paramref name="To"/>) XOR (mark of the packet AND <paramref name="From"/>).</summary>
    public sealed record SaveMark(uint To, uint From) : RuleStep;

    /// <summary>Mark of the packet := (it AND NOT <paramref name="To"/>) XOR (mark of the connection AND <paramref name="From"/>).</summary>
    public sealed record RestoreMark(uint To, uint From) : RuleStep;

    /// <summary>Rewrite the destination. A null part is not changed.</summary>
    public sealed record Dnat(IpAddress? Address, ushort? Port) : RuleStep;

    /// <summary>Rewrite the destination to the target that a map has for the key; no effect when the key is not in the map.</summary>
    public sealed record DnatLookup(EquatableArray<KeyPart> Key, TargetMap Map) : RuleStep;

    /// <summary>Rewrite the source to the address of the interface that the packet leaves by.</summary>
    public sealed record Masquerade : RuleStep
    {
        /// <summary>The source ports to choose from; null to keep the port if it is free.</summary>
        public PortRange? Ports { get; init; }

        /// <summary>Whether the port is chosen at random.</summary>
        public bool IsRandom { get; init; }
    }

    /// <summary>Rewrite source or destination to one of several addresses and ports.</summary>
    /// <param name="Kind">What is rewritten.</param>
    /// <param name="To">To what.</param>
    public sealed record Translate(TranslationKind Kind, TranslationRange To) : RuleStep;

    /// <summary>Rewrite the first bits of an address to those of a prefix: of the destination before routing, of the source after it.</summary>
    public sealed record TranslatePrefix(IpPrefix Prefix, TranslationKind? Kind = null) : RuleStep;

    /// <summary>Exempt the packet from connection tracking, and so from address translation. No effect on a packet that is tracked already.</summary>
    public sealed record NoTracking : RuleStep;

    /// <summary>
    /// Give the packet a template of its connection before it is tracked: a zone, a helper, a timeout. It has no effect on the way but one: a
    /// packet with a template is not exempted from tracking any more.
    /// </summary>
    /// <param name="Text">The statement as it was listed.</param>
    /// <param name="AlsoUntracked">Whether a packet that was exempted is tracked again, as by nft's <c>ct zone set</c> (net/netfilter/nft_ct.c); xt_CT leaves it.</param>
    public sealed record TrackingTemplate(string Text, bool AlsoUntracked) : RuleStep;

    /// <summary>Do what the first case says whose matches the packet meets; if there is none, the rule does not match. A map with keys of any kind.</summary>
    public sealed record Cases(EquatableArray<LookupCase> All, string Text) : RuleStep;

    /// <summary>Record the client: session affinity.</summary>
    public sealed record RememberClient(string List) : RuleStep;

    /// <summary>A statement that has no effect on the packet: a counter, a comment.</summary>
    public sealed record NoEffect(string Text) : RuleStep;

    /// <summary>
    /// Adds what a packet has to an ipset, or takes it out: no effect on the packet itself. Two rule sets that differ in it are not
    /// equal, as the set may decide about later packets.
    /// </summary>
    /// <param name="Text">The statement as it was listed.</param>
    public sealed record ChangeSet(string Text) : RuleStep;

    /// <summary>A statement that is not understood: it may do anything to the packet.</summary>
    public sealed record UnknownStatement(string Text) : RuleStep
    {
        /// <summary>Who decides, for a statement that is understood but hands the packet over, such as <c>a program behind NFQUEUE</c>; else empty.</summary>
        public string DependsOn { get; init; } = "";
    }
}

/// <summary>A case of <see cref="RuleStep.Cases"/>.</summary>
/// <param name="Key">The key as it was listed.</param>
/// <param name="Matches">What the packet must meet; nothing for the catch-all element.</param>
/// <param name="Step">What happens then.</param>
public readonly record struct LookupCase(string Key, EquatableArray<RuleStep> Matches, RuleStep Step);

/// <summary>What an address translation rewrites.</summary>
public enum TranslationKind : byte
{
    /// <summary>The destination (DNAT).</summary>
    Destination,

    /// <summary>The source (SNAT).</summary>
    Source,

    /// <summary>The destination, to this node (REDIRECT): the address of the input interface, or loopback for packets that the node sends.</summary>
    ToThisNode,
}

/// <summary>What an address translation may choose (linux/netfilter/nf_nat.h, struct nf_nat_range2).</summary>
/// <param name="Addresses">The addresses; null to keep the address.</param>
/// <param name="Ports">The ports; null to keep the port, if it is free.</param>
/// <param name="IsRandom">Whether the port is chosen at random.</param>
public readonly record struct TranslationRange(AddressRange? Addresses, PortRange? Ports, bool IsRandom = false)
{
    /// <summary>The original port that the first of <see cref="Ports"/> stands for, of a range that is shifted; null for others.</summary>
    public ushort? Base { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        bool isBracketed = Addresses is { } range && Ports is not null && !IpAddress.FromBits(range.First).IsIPv4;
        string addresses = Addresses is not { } some ? "" : some.IsSingle ? IpAddress.FromBits(some.First).ToString() : $"{IpAddress.FromBits(some.First)}-{IpAddress.FromBits(some.Last)}";
        return (isBracketed ? $"[{addresses}]" : addresses) + (Ports is { } ports ? $":{ports}" : "");
    }
}

/// <summary>The parts of a packet that sets and maps are looked up by.</summary>
public enum PacketField : byte
{
    /// <summary>Source address.</summary>
    Source,

    /// <summary>Destination address.</summary>
    Destination,

    /// <summary>Transport protocol.</summary>
    Protocol,

    /// <summary>Source port.</summary>
    SourcePort,

    /// <summary>Destination port.</summary>
    DestinationPort,

    /// <summary>A random number from 0 to n-1.</summary>
    Random,

    /// <summary>The destination address that the packet came with, before any translation.</summary>
    OriginalDestination,

    /// <summary>The destination port that the packet came with.</summary>
    OriginalDestinationPort,
}

/// <summary>The types of addresses as routing has them (rtnetlink(7), rtm_type).</summary>
[Flags]
public enum AddressTypes : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Of another host.</summary>
    Unicast = 1,

    /// <summary>Of this node.</summary>
    Local = 2,

    /// <summary>The broadcast address of an attached network, or 255.255.255.255.</summary>
    Broadcast = 4,

    /// <summary>A multicast group.</summary>
    Multicast = 8,

    /// <summary>Any other type: anycast, blackhole, unreachable, prohibited. Routing decides those.</summary>
    Other = 16,
}

/// <summary>The verdict on a packet, of a chain and of the whole walk.</summary>
public enum WalkVerdict : byte
{
    /// <summary>Continues in the calling chain; at the end of a base chain its policy applies.</summary>
    Return,

    /// <summary>Passes.</summary>
    Accept,

    /// <summary>Dropped without an answer.</summary>
    Drop,

    /// <summary>Rejected with an error.</summary>
    Reject,
}
