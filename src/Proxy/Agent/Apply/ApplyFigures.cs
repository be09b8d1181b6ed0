using KubeProxySharp.Renderers.Iptables;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>Figures of a transaction with rules, be it taken or refused; clean-ups that follow are not included.</summary>
/// <param name="TextBytes">Size of the text.</param>
/// <param name="RenderTime">Time until all text was rendered; the tool starts after that.</param>
/// <param name="ToolTime">Time from then until the tool ended.</param>
internal sealed record ApplyFigures(long TextBytes, TimeSpan RenderTime, TimeSpan ToolTime)
{
    /// <summary>The rules written to iptables; null for nftables.</summary>
    public RuleCounts? Written { get; init; }

    /// <summary>The filter rules that should be there, written or not; 0 for nftables.</summary>
    public int FilterTotal { get; init; }

    /// <summary>The nat rules that should be there, those that a partial restore did not write included; 0 for nftables.</summary>
    public int NatTotal { get; init; }

    /// <summary>Whether chains that are no longer needed could not be deleted afterwards; never so for iptables, which deletes them in the same transaction.</summary>
    public bool HasCleanUpFailed { get; init; }
}
