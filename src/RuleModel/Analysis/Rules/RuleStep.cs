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
    internal bool IsMatch => this is AddressMatch or ProtocolMatch or PortMatch or InterfaceMatch or MarkMatch or StateMatch or LocalMatch
        or RandomMatch or KnownClientMatch or SetMatch or UnknownMatch;

    /// <summary>The source or destination address is in one of several ranges.</summary>
    /// <param name="Field"><see cref="PacketField.Source"/> or <see cref="PacketField.Destination"/>.</param>
    /// <param name="Ranges">The ranges.</param>
    /// <param name="IsNegated">Whether it must be in none of them.</param>
    public sealed record AddressMatch(PacketField Field, EquatableArray<AddressRange> Ranges, bool IsNegated) : RuleStep;

    /// <summary>The protocol; null stands for one that no Service can have.</summary>
    public sealed record ProtocolMatch(TransportProtocol? Protocol, bool IsNegated) : RuleStep;

    /// <summary>A port is in a range.</summary>
    public sealed record PortMatch(PacketField Field, ushort First, ushort Last, bool IsNegated) : RuleStep;

    /// <summary>The name of the interface, or its prefix.</summary>
    /// <param name="IsInput">True for the input interface, false for the output interface.</param>
    /// <param name="Name">The name or prefix.</param>
    /// <param name="IsPrefix">Whether <paramref name="Name"/> is a prefix.</param>
    /// <param name="IsNegated">Whether the match is inverted.</param>
    public sealed record InterfaceMatch(bool IsInput, string Name, bool IsPrefix, bool IsNegated) : RuleStep;

    /// <summary>The mark, masked, has a value.</summary>
    public sealed record MarkMatch(uint Mask, uint Value, bool IsNegated) : RuleStep;

    /// <summary>The connection is in one of several states.</summary>
    public sealed record StateMatch(ConnectionStates States, bool IsNegated) : RuleStep;

    /// <summary>Source or destination is an address of this node.</summary>
    public sealed record LocalMatch(PacketField Field, bool IsNegated) : RuleStep;

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

    /// <summary>A match that is not understood: it may match or not.</summary>
    public sealed record UnknownMatch(string Text) : RuleStep;

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

    /// <summary>Rewrite the destination. A null part is not changed.</summary>
    public sealed record Dnat(IpAddress? Address, ushort? Port) : RuleStep;

    /// <summary>Rewrite the destination to the target that a map has for the key; no effect when the key is not in the map.</summary>
    public sealed record DnatLookup(EquatableArray<KeyPart> Key, TargetMap Map) : RuleStep;

    /// <summary>Rewrite the source to the address of the interface that the packet leaves by.</summary>
    public sealed record Masquerade : RuleStep;

    /// <summary>Record the client: session affinity.</summary>
    public sealed record RememberClient(string List) : RuleStep;

    /// <summary>A statement that has no effect on the packet: a counter, a comment.</summary>
    public sealed record NoEffect(string Text) : RuleStep;

    /// <summary>A statement that is not understood: it may do anything to the packet.</summary>
    public sealed record UnknownStatement(string Text) : RuleStep;
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
