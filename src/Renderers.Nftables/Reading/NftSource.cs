using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>A listing, of which parts are read when they are needed.</summary>
internal abstract class NftSource
{
    /// <summary>Reads a rule.</summary>
    public abstract NftRule Rule(RuleSlice slice);

    /// <summary>Reads elements of a set or map.</summary>
    public abstract void Elements(RuleSlice slice, List<NftExpression> elements);
}
