using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>A named set or map of a listing.</summary>
internal sealed class NftSet
{
    /// <summary>Seconds after which elements expire; 0 if they do not.</summary>
    public int ExpirySeconds { get; set; }

    /// <summary>Where its elements are.</summary>
    public List<RuleSlice> Elements { get; } = [];
}
