using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>What rules do with traffic of one kind to one destination.</summary>
/// <param name="Fate">What becomes of it.</param>
/// <param name="Endpoints">Where it is sent, ordered by endpoint.</param>
/// <param name="IsMasqueraded">Whether traffic that is not sent on leaves with an address of the node.</param>
/// <param name="AffinitySeconds">For how long a client keeps its endpoint; 0 without session affinity.</param>
/// <param name="IsUncertain">Whether something on the path is not understood.</param>
public sealed record TrafficBehaviour(
    Disposition Fate,
    EquatableArray<EndpointShare> Endpoints,
    bool IsMasqueraded,
    int AffinitySeconds,
    bool IsUncertain)
{
    /// <summary>Whether the rules leave such traffic alone.</summary>
    public bool IsNothing => Fate == Disposition.Passes && !IsMasqueraded && !IsUncertain;

    /// <summary>In words, for differences.</summary>
    public override string ToString()
    {
        string text = Fate switch
        {
            Disposition.Forwarded => string.Join(", ", Endpoints.AsSpan().ToArray().Select(share =>
                $"{share.Target} {share.Share / 10000.0:0.##}%{(share.IsMasqueraded ? " masqueraded" : "")}")),
            Disposition.Rejected => "rejected",
            Disposition.Dropped => "dropped",
            Disposition.Passes => "passes",
            _ => "mixed",
        };
        return text + (IsMasqueraded ? " masqueraded" : "") + (AffinitySeconds > 0 ? $", affinity {AffinitySeconds} s" : "") + (IsUncertain ? ", uncertain" : "");
    }
}

/// <summary>An endpoint that traffic is sent to.</summary>
/// <param name="Target">The endpoint.</param>
/// <param name="Share">How much of the traffic, in millionths.</param>
/// <param name="IsMasqueraded">Whether the endpoint sees the node as the client.</param>
public readonly record struct EndpointShare(EndpointAddress Target, int Share, bool IsMasqueraded);

/// <summary>What becomes of traffic.</summary>
public enum Disposition : byte
{
    /// <summary>It goes on as it is: the rules do nothing to it.</summary>
    Passes,

    /// <summary>It is sent to endpoints.</summary>
    Forwarded,

    /// <summary>It is refused.</summary>
    Rejected,

    /// <summary>It is dropped.</summary>
    Dropped,

    /// <summary>One or the other of these, by chance or by something that is not understood.</summary>
    Mixed,
}
