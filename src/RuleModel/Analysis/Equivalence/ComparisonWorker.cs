using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>What one caller of <see cref="RulesetComparison"/> works with: buffers that are used again.</summary>
public sealed class ComparisonWorker
{
    internal ComparisonWorker(PacketWalker a, PacketWalker b, PathEquivalence ways)
    {
        A = a;
        B = b;
        Ways = ways;
    }

    internal PacketWalker A { get; }

    internal PacketWalker B { get; }

    internal PathEquivalence Ways { get; }
}
