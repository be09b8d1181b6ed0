using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>
/// Packets that were treated alike so far: their properties as far as rules matched them, and what has happened to them.
/// One packet is the case of sets with one member. Each state has one owner, who may change it; a branch takes a copy.
/// </summary>
internal sealed class WalkState
{
    /// <summary>The source addresses.</summary>
    public required AddressSet Sources { get; set; }

    /// <summary>Where it goes by now.</summary>
    public required IpAddress Destination { get; set; }

    public ProtocolSet Protocols { get; set; } = ProtocolSet.All;

    public PortSet SourcePorts { get; set; } = PortSet.All;

    /// <summary>The destination ports that it came with.</summary>
    public PortSet DestinationPorts { get; set; } = PortSet.All;

    /// <summary>The destination that it came with, once a rule has changed it.</summary>
    public EndpointAddress? Original { get; set; }

    /// <summary>The destination port that a rule gave it; -1 for none.</summary>
    public int NewPort { get; set; } = -1;

    /// <summary>The input interface; empty for a packet that the node makes, as the kernel has it.</summary>
    public string InputInterface { get; set; } = "";

    /// <summary>The output interface; null as long as no rule asked.</summary>
    public string? OutputInterface { get; set; }

    /// <summary>What is known of the mark.</summary>
    public MarkBits Bits { get; set; }

    /// <summary>The mark by now, as far as it is known.</summary>
    public uint Mark => Bits.Present;

    /// <summary>The mark of its connection. Not followed for spaces of packets.</summary>
    public uint ConnectionMark { get; set; }

    /// <summary>
    /// Bits of the mark that a rule took from the connection's mark, where that is not followed: nothing is known of them, and
    /// they have nothing to do with the initial mark.
    /// </summary>
    public uint RestoredBits { get; set; }

    /// <summary>How often it was routed: what it leaves by may differ from one time to the next.</summary>
    public int Route { get; set; }

    /// <summary>Whether a rule has changed what it is routed by.</summary>
    public bool IsRerouted { get; set; }

    /// <summary>Where it was when its output interface was looked up.</summary>
    public IpAddress RoutedTo { get; set; }

    /// <summary>The mark that it was routed by, and its bits that are known; followed only where a policy rule asks for it.</summary>
    public (uint Mark, uint Known) RoutedMark { get; set; }

    /// <summary>What conntrack may know of it.</summary>
    public ConnectionKinds Kinds { get; set; } = ConnectionKinds.All;

    /// <summary>Whether it got a template of its connection before it was tracked.</summary>
    public bool HasTemplate { get; set; }

    /// <summary>The conditions that were assumed to be true or false.</summary>
    public AssumedCondition? Assumed { get; set; }

    /// <summary>The probability of the path, 0 to 1.</summary>
    public double Probability { get; set; } = 1;

    /// <summary>Whether the destination was rewritten.</summary>
    public bool IsRewritten { get; set; }

    /// <summary>Whether the destination was rewritten to this node itself, whichever of its addresses that is.</summary>
    public bool IsToThisNode { get; set; }

    /// <summary>Whether the destination ports are those that the kernel picks one of.</summary>
    public bool ArePortsPicked { get; set; }

    /// <summary>Whether the source is rewritten.</summary>
    public bool IsMasqueraded { get; set; }

    /// <summary>What the source is rewritten to; null for an address of the node, or nothing.</summary>
    public SourceTranslation? NewSource { get; set; }

    /// <summary>For how long the client is remembered that was found new.</summary>
    public int AffinitySeconds { get; set; }

    /// <summary>The lists that remember the client now.</summary>
    public TextLink? Remembered { get; set; }

    /// <summary>Statements on the path that are not understood.</summary>
    public TextLink? Unknown { get; set; }

    /// <summary>Whether it goes this way only if something is true that is not known, or met a statement that may do anything.</summary>
    public bool IsUncertain => Assumed is not null || Unknown is not null;

    /// <summary>What a refused client gets.</summary>
    public string RejectWith { get; set; } = "";

    /// <summary>What became of it, at the end.</summary>
    public WalkVerdict Verdict { get; set; }

    /// <summary>The path so far, the last step first.</summary>
    public TraceLink? Trace { get; set; }

    /// <summary>Where it was sent; null if its destination stayed, and for a rewritten address with more than one possible port.</summary>
    public EndpointAddress? Target =>
        !IsRewritten ? null
        : NewPort >= 0 ? new(Destination, (ushort)NewPort)
        : DestinationPorts.IsSingle ? new(Destination, DestinationPorts.First)
        : null;

    /// <summary>The destination ports by now.</summary>
    public PortSet PresentPorts => NewPort >= 0 ? PortSet.Of((ushort)NewPort) : DestinationPorts;

    /// <summary>Records that a statement or key on the path is not understood.</summary>
    public void NoteUnknown(string text) => Unknown = new(text, Unknown);

    /// <summary>A copy for another branch.</summary>
    public WalkState Copy() => (WalkState)MemberwiseClone();

    /// <summary>Whether another state differs only by its trace and its assumed conditions, and maybe by its source ports.</summary>
    public bool IsLike(WalkState other, bool withSourcePorts = true) =>
        Destination == other.Destination
        && Protocols == other.Protocols
        && NewPort == other.NewPort
        && Bits.IsLike(other.Bits)
        && Kinds == other.Kinds
        && HasTemplate == other.HasTemplate
        && Probability.Equals(other.Probability)
        && IsRewritten == other.IsRewritten
        && IsMasqueraded == other.IsMasqueraded
        && AffinitySeconds == other.AffinitySeconds
        && Original == other.Original
        && ConnectionMark == other.ConnectionMark
        && RestoredBits == other.RestoredBits
        && Route == other.Route
        && IsRerouted == other.IsRerouted
        && RoutedTo == other.RoutedTo
        && RoutedMark == other.RoutedMark
        && IsToThisNode == other.IsToThisNode
        && ArePortsPicked == other.ArePortsPicked
        && NewSource == other.NewSource
        && ReferenceEquals(Remembered, other.Remembered)
        && ReferenceEquals(Unknown, other.Unknown)
        && InputInterface == other.InputInterface
        && OutputInterface == other.OutputInterface
        && (!withSourcePorts || SourcePorts.IsSameAs(other.SourcePorts))
        && DestinationPorts.IsSameAs(other.DestinationPorts)
        && Sources.IsSameAs(other.Sources);

    /// <summary>Whether another state ends alike: nothing asks for marks and routes any more.</summary>
    public bool EndsLike(WalkState other, bool withSourcePorts) =>
        Verdict == other.Verdict
        && (Verdict != WalkVerdict.Reject || RejectWith == other.RejectWith)
        && Destination == other.Destination
        && Protocols == other.Protocols
        && NewPort == other.NewPort
        && Probability.Equals(other.Probability)
        && IsRewritten == other.IsRewritten
        && IsMasqueraded == other.IsMasqueraded
        && NewSource == other.NewSource
        && IsToThisNode == other.IsToThisNode
        && ArePortsPicked == other.ArePortsPicked
        && AffinitySeconds == other.AffinitySeconds
        && ReferenceEquals(Unknown, other.Unknown)
        && (!withSourcePorts || SourcePorts.IsSameAs(other.SourcePorts))
        && DestinationPorts.IsSameAs(other.DestinationPorts)
        && Sources.IsSameAs(other.Sources);

    /// <summary>A text and those before it: branches share the beginning of their lists.</summary>
    internal sealed record TextLink(string Text, TextLink? Before)
    {
        /// <summary>Whether a text is among some.</summary>
        public static bool Contains(TextLink? last, string text)
        {
            for (TextLink? link = last; link is not null; link = link.Before)
            {
                if (link.Text == text)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>A step of the path and those before it.</summary>
    internal sealed record TraceLink(WalkTraceEntry Entry, TraceLink? Before)
    {
        /// <summary>A path without one of its entries.</summary>
        public static TraceLink? Without(TraceLink? last, WalkTraceEntry? entry)
        {
            if (last is null || entry is null)
            {
                return last;
            }

            if (ReferenceEquals(last.Entry, entry))
            {
                return last.Before;
            }

            TraceLink? before = Without(last.Before, entry);
            return ReferenceEquals(before, last.Before) ? last : last with { Before = before };
        }
    }
}

/// <summary>What a source is rewritten to.</summary>
/// <param name="Addresses">The addresses to choose from; null for the address of the interface that the packet leaves by.</param>
/// <param name="Ports">The ports to choose from; null to keep the port if it is free.</param>
/// <param name="IsRandom">Whether the port is chosen at random.</param>
public sealed record SourceTranslation(AddressRange? Addresses, PortRange? Ports, bool IsRandom);
