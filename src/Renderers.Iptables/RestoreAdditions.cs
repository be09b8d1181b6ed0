using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Iptables;

/// <summary>What a full restore does besides writing our own chains.</summary>
/// <param name="Jumps">Jump rules that are missing, in the order of <see cref="JumpRule.All"/>.</param>
/// <param name="MakesSharedChain">Whether <see cref="JumpRule.SharedChain"/> does not exist and is to be made.</param>
public readonly record struct RestoreAdditions(EquatableArray<JumpRule> Jumps, bool MakesSharedChain);
