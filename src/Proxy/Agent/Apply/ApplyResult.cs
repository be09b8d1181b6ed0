using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>What became of a transaction.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Error">What the tool said, bounded, with the lines it complains about; empty when applied.</param>
internal readonly record struct ApplyResult(ApplyOutcome Outcome, string Error)
{
    /// <summary>
    /// The parts of the text that the tool complained about, without their context; null or empty if it did not say which.
    /// A hint: a tool may name the end of a table, or a line with elements of many Services.
    /// </summary>
    public IReadOnlyList<string>? Complaints { get; init; }

    /// <summary>
    /// The Services that refused operations belong to, if whoever refused said so of each operation; else null. They are the
    /// cause, unless <see cref="RefusesShared"/>.
    /// </summary>
    public IReadOnlyList<RefusedService>? RefusedServices { get; init; }

    /// <summary>Whether operations were refused that belong to no Service: those of Services may only depend on them.</summary>
    public bool RefusesShared { get; init; }

    /// <summary>The result of a transaction that the kernel took.</summary>
    public static ApplyResult Applied { get; } = new(ApplyOutcome.Applied, "");

    /// <summary>Whether the kernel has the rules.</summary>
    public bool IsApplied => Outcome == ApplyOutcome.Applied;
}

/// <summary>A Service with an operation that was refused.</summary>
/// <param name="Name">The Service.</param>
/// <param name="Error">Why, and which operation.</param>
internal readonly record struct RefusedService(NamespacedName Name, string Error);

/// <summary>How a transaction ended.</summary>
internal enum ApplyOutcome
{
    /// <summary>The kernel has the rules.</summary>
    Applied,

    /// <summary>The tool or the kernel refused what the rules say; trying the same again is of no use.</summary>
    Refused,

    /// <summary>The tool could not do its work: lock held, killed, missing, timed out, out of memory. Trying again may help.</summary>
    Unavailable,
}
