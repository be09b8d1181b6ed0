using KubeProxySharp.Proxy.Commands.Inputs;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What <c>explain</c> was asked for.</summary>
internal sealed record ExplainOptions : ClusterOptions
{
    /// <summary>The mode that stands for both.</summary>
    public const string BothModes = "both";

    /// <summary>Where the packet comes from, as given.</summary>
    public required string From { get; init; }

    /// <summary>Where it goes, as given.</summary>
    public required string To { get; init; }

    /// <summary>Files with rules; empty for those of manifests or of this node.</summary>
    public IReadOnlyList<string> RulePaths { get; init; } = [];

    /// <summary>The interface that the packet comes in by; null to guess it.</summary>
    public string? Interface { get; init; }

    /// <summary>The interface that it leaves by; null when not known.</summary>
    public string? OutputInterface { get; init; }

    /// <summary>The mark that it has from the beginning.</summary>
    public uint Mark { get; init; }

    /// <summary>Its source port.</summary>
    public ushort SourcePort { get; init; } = 40000;

    /// <summary>The form of the answer.</summary>
    public ExplainFormat Format { get; init; }

    /// <summary>Whether all branches are shown, however many.</summary>
    public bool ShowsAll { get; init; }

    /// <summary>Whether the rules of this node are asked, since nothing else was given.</summary>
    public bool IsLive => Paths.Count == 0 && RulePaths.Count == 0;
}
