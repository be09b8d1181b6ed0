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

    /// <summary>What conntrack may know of it.</summary>
    public ConnectionKinds Kinds { get; set; } = ConnectionKinds.All;

    /// <summary>The conditions that were assumed to be true or false.</summary>
    public AssumedCondition? Assumed { get; set; }

    /// <summary>The probability of the path, 0 to 1.</summary>
    public double Probability { get; set; } = 1;

    /// <summary>Whether the destination was rewritten.</summary>
    public bool IsRewritten { get; set; }

    /// <summary>Whether the source is rewritten to an address of the node.</summary>
    public bool IsMasqueraded { get; set; }

    /// <summary>For how long the client is remembered that was found new.</summary>
    public int AffinitySeconds { get; set; }

    /// <summary>The lists that remember the client now.</summary>
    public TextLink? Remembered { get; set; }

    /// <summary>Statements on the path that are not understood.</summary>
    public TextLink? Unknown { get; set; }

    /// <summary>Whether something on the path is not understood.</summary>
    public bool IsUncertain { get; set; }

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
    public void NoteUnknown(string text)
    {
        IsUncertain = true;
        Unknown = new(text, Unknown);
    }

    /// <summary>A copy for another branch.</summary>
    public WalkState Copy() => (WalkState)MemberwiseClone();

    /// <summary>Whether another state differs only by its trace and its assumed conditions.</summary>
    public bool IsLike(WalkState other) =>
        Destination == other.Destination
        && Protocols == other.Protocols
        && NewPort == other.NewPort
        && Bits == other.Bits
        && Kinds == other.Kinds
        && Probability.Equals(other.Probability)
        && IsRewritten == other.IsRewritten
        && IsMasqueraded == other.IsMasqueraded
        && AffinitySeconds == other.AffinitySeconds
        && IsUncertain == other.IsUncertain
        && ReferenceEquals(Remembered, other.Remembered)
        && ReferenceEquals(Unknown, other.Unknown)
        && InputInterface == other.InputInterface
        && OutputInterface == other.OutputInterface
        && SourcePorts.IsSameAs(other.SourcePorts)
        && DestinationPorts.IsSameAs(other.DestinationPorts)
        && Sources.IsSameAs(other.Sources);

    /// <summary>A text and those before it: branches share the beginning of their lists.</summary>
    internal sealed record TextLink(string Text, TextLink? Before);

    /// <summary>A step of the path and those before it.</summary>
    internal sealed record TraceLink(WalkTraceEntry Entry, TraceLink? Before);
}

/// <summary>A condition that a path assumed to be true or false, and those before.</summary>
/// <param name="Condition">The condition.</param>
/// <param name="IsTrue">The assumed value.</param>
/// <param name="Before">Those before.</param>
internal sealed record AssumedCondition(RuntimeCondition Condition, bool IsTrue, AssumedCondition? Before)
{
    /// <summary>The assumed value of a condition; null if none was assumed.</summary>
    public static bool? Find(AssumedCondition? last, RuntimeCondition condition)
    {
        for (AssumedCondition? link = last; link is not null; link = link.Before)
        {
            if (link.Condition.Equals(condition))
            {
                return link.IsTrue;
            }
        }

        return null;
    }
}

/// <summary>A condition of a path that packet headers do not decide.</summary>
/// <param name="List">The list or set that records the client; empty for a match that is not understood.</param>
/// <param name="Seconds">How long the client is recorded for.</param>
/// <param name="Text">The match that is not understood; empty for a list.</param>
internal sealed record RuntimeCondition(string List, int Seconds, string Text)
{
    /// <summary>Whether it is a match that is not understood.</summary>
    public bool IsUnknown => Text.Length != 0;
}
