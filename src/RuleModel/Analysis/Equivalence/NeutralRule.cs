using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>What rules do with traffic of one origin and some sources to one destination.</summary>
/// <param name="Frontend">The destination.</param>
/// <param name="Origin">Where it comes from.</param>
/// <param name="Sources">The sources that are treated alike, as the fewest ranges, ordered.</param>
/// <param name="Behaviour">What happens.</param>
public sealed record NeutralRule(FrontendAddress Frontend, TrafficOrigin Origin, EquatableArray<AddressRange> Sources, TrafficBehaviour Behaviour)
{
    /// <summary>One line, for differences.</summary>
    public override string ToString() =>
        $"{Frontend} from {Origin} {string.Join(' ', Sources.AsSpan().ToArray().Select(range => range.ToString()))}: {Behaviour}";
}
