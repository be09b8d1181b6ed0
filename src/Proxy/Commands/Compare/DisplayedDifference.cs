using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>A difference with the walks of its packet.</summary>
/// <param name="Difference">The difference.</param>
/// <param name="Service">The Service that the destination is of; empty if that is not known.</param>
/// <param name="WaysA">The ways of the packet through the first rules; empty beyond the first differences.</param>
/// <param name="WaysB">The same for the second.</param>
internal sealed record DisplayedDifference(RulesetDifference Difference, string Service, IReadOnlyList<WalkOutcome> WaysA, IReadOnlyList<WalkOutcome> WaysB);
