using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// Which families have had their rules in the kernel. What the other mode left is removed family by family: one that never
/// gets rules of its own must not keep the leftovers of the other.
/// </summary>
/// <param name="families">The families that are synced.</param>
internal sealed class FirstSyncs(IReadOnlyCollection<IpFamily> families)
{
    private readonly TaskCompletionSource[] _applied = [NewSource(), NewSource()];

    /// <summary>Completes when the kernel has the rules of all families for the first time.</summary>
    public Task All => Task.WhenAll(families.Select(Of));

    /// <summary>
    /// Completes when the kernel has the rules of a family for the first time. A family that is not synced follows the other.
    /// </summary>
    public Task Of(IpFamily family) => _applied[(int)family].Task;

    /// <summary>Reports that the kernel has the rules of a family. Called from any thread.</summary>
    public void Note(IpFamily family)
    {
        _applied[(int)family].TrySetResult();
        if (families.Count == 1)
        {
            Array.ForEach(_applied, static applied => applied.TrySetResult());
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
