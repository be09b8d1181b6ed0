namespace KubeProxySharp.Renderers.Iptables;

/// <summary>What a full restore does besides writing our own chains.</summary>
/// <param name="Jumps">Jump rules that are missing, in the order of <see cref="JumpRule.All"/>.</param>
/// <param name="MakesSharedChain">Whether <see cref="JumpRule.SharedChain"/> does not exist and is to be made.</param>
/// <param name="MakesCanaries">Whether the empty chains that show a flush to others are made (spec 5.12).</param>
public sealed record RestoreAdditions(IReadOnlyList<JumpRule> Jumps, bool MakesSharedChain, bool MakesCanaries = false)
{
    /// <summary>Nothing.</summary>
    public static RestoreAdditions None { get; } = new([], false);
}
