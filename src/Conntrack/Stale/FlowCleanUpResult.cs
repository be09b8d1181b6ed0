namespace KubeProxySharp.Conntrack.Stale;

/// <summary>What a pass of <see cref="FlowCleanUp"/> did.</summary>
public sealed class FlowCleanUpResult
{
    /// <summary>Flows that were judged: those of the families and protocols that Services have.</summary>
    public long Examined { get; internal set; }

    /// <summary>Flows that were found stale, by reason and protocol.</summary>
    public FlowCounts Stale { get; } = new();

    /// <summary>Flows that were deleted, by reason and protocol.</summary>
    public FlowCounts Deleted { get; } = new();

    /// <summary>Stale flows that were gone, or replaced by others that are not stale, when they were to be deleted.</summary>
    public long AlreadyGone { get; internal set; }

    /// <summary>Stale flows that the guard of the pass did not let go yet.</summary>
    public long Spared { get; internal set; }

    /// <summary>Stale flows that the kernel refused to delete.</summary>
    public long Failed { get; internal set; }

    /// <summary>Why the kernel refused the first of them; null if there was none.</summary>
    public string? FirstFailure { get; internal set; }

    /// <summary>Whether every flow was seen; false when the kernel interrupted the listing as often as it was repeated.</summary>
    public bool IsComplete { get; internal set; } = true;

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; internal set; }
}
