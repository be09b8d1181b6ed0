using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>A packet on its path through the model.</summary>
internal sealed record ModelState
{
    public required IpAddress Destination { get; init; }

    public required ushort Port { get; init; }

    public bool IsMarked { get; init; }

    public bool IsMasqueraded { get; init; }

    public double Probability { get; init; } = 1;

    public ServicePortRules? Service { get; init; }

    public Frontend? Frontend { get; init; }

    /// <summary>The endpoint that was picked; null as long as the destination stays.</summary>
    public Endpoint? Endpoint { get; init; }

    public int AffinitySeconds { get; init; }

    public EquatableArray<ModelReason> Reasons { get; init; }

    public ModelState With(ModelReason reason) => this with { Reasons = EquatableArray.Adopt<ModelReason>([.. Reasons.AsSpan(), reason]) };

    public ModelState WithAll(IEnumerable<ModelReason> reasons) => this with { Reasons = EquatableArray.Adopt<ModelReason>([.. Reasons.AsSpan(), .. reasons]) };

    public ModelOutcome End(WalkVerdict verdict) => new()
    {
        Probability = Probability,
        Verdict = verdict,
        Target = Endpoint?.Target,
        IsMasqueraded = IsMasqueraded,
        AffinitySeconds = AffinitySeconds,
        Service = Service?.Name,
        Frontend = Frontend,
        IsLocalEndpoint = Endpoint?.IsLocal ?? false,
        Reasons = Reasons,
    };
}
