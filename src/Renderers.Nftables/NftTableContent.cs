using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables;

/// <summary>Names of what a table has.</summary>
/// <param name="BaseChains">Chains that hang on a hook.</param>
/// <param name="RegularChains">Other chains.</param>
/// <param name="Sets">Named sets.</param>
/// <param name="Maps">Named maps.</param>
public sealed record NftTableContent(
    EquatableArray<string> BaseChains,
    EquatableArray<string> RegularChains,
    EquatableArray<string> Sets,
    EquatableArray<string> Maps);
