using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>One way that the packet can go, with what comes of it.</summary>
internal sealed record ExplainedPath
{
    /// <summary>How likely it is, 0 to 1; of a way that is only possible, how likely it would be.</summary>
    public required double Probability { get; init; }

    /// <summary>Accepted, dropped or refused.</summary>
    public required WalkVerdict Verdict { get; init; }

    /// <summary>What the client gets when it is refused.</summary>
    public string RejectWith { get; init; } = "";

    /// <summary>The endpoint; null when the destination stays.</summary>
    public EndpointAddress? Target { get; init; }

    /// <summary>Who the endpoint is, in words; empty when not known.</summary>
    public string TargetWords { get; init; } = "";

    /// <summary>Whether the source is rewritten.</summary>
    public bool IsMasqueraded { get; init; }

    /// <summary>The address that it is rewritten to; null when it stays or is not known.</summary>
    public IpAddress? MasqueradeAddress { get; init; }

    /// <summary>How sure that address is; empty when it is certain or nothing is rewritten.</summary>
    public string MasqueradeDoubt { get; init; } = "";

    /// <summary>For how long the client keeps the endpoint, in seconds.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>Whether it goes through a rule that is not understood.</summary>
    public bool IsUncertain { get; init; }

    /// <summary>The rules on the way.</summary>
    public required IReadOnlyList<WalkTraceEntry> Trace { get; init; }

    /// <summary>The entry that conntrack makes, as <c>conntrack -L</c> prints it; empty if none stays.</summary>
    public string Conntrack { get; init; } = "";

    /// <summary>The way of the answer, step by step.</summary>
    public IReadOnlyList<string> Reply { get; init; } = [];

    /// <summary>Whether an endpoint gets the packet.</summary>
    public bool IsForwarded => Verdict == WalkVerdict.Accept && Target is not null;
}
