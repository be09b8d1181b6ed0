using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// Leaves out the Services that the kernel named when it refused a transaction, so that all others can be written at once.
/// Nothing is searched.
/// </summary>
/// <param name="state">The cluster state.</param>
/// <param name="families">The families.</param>
/// <param name="trial">Tries Services alone.</param>
/// <param name="observer">Receives reports of what is left out.</param>
internal sealed class NamedRefusals(ClusterState state, FamilySync[] families, ServiceTrial trial, ISyncObserver observer)
{
    /// <summary>Takes over what the kernel refused.</summary>
    /// <param name="results">The results, one for each family.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Whether the next transaction is another than the one that was refused; if not, the answer does not say which Service is the cause.</returns>
    public async Task<bool> LeaveOutAsync(ApplyResult[] results, CancellationToken cancellation)
    {
        int before = state.Quarantined.Count;
        bool isAnyFullDue = false;
        for (int index = 0; index < families.Length; index++)
        {
            if (results[index] is { Outcome: ApplyOutcome.Refused, RefusedServices: { } named } result)
            {
                isAnyFullDue |= await LeaveOutAsync(families[index], named, result.RefusesShared, cancellation);
            }
        }

        if (state.Quarantined.Count == before)
        {
            return isAnyFullDue;
        }

        observer.QuarantineChanged(state.Quarantined);
        return true;
    }

    /// <summary>
    /// A full transaction builds on nothing, so what is refused of it is wrong in itself. An update is refused too when
    /// somebody else deleted what it builds on.
    /// </summary>
    /// <returns>Whether everything is to be written instead of an update.</returns>
    private async Task<bool> LeaveOutAsync(FamilySync family, IReadOnlyList<RefusedService> named, bool isShared, CancellationToken cancellation)
    {
        bool isFull = family.NeedsFull;
        IReadOnlyList<RefusedService> causes = isShared ? [] : isFull ? named : await ConfirmAsync(family, named, cancellation);
        foreach (RefusedService service in causes)
        {
            state.Quarantine(service.Name);
            observer.Quarantined(service.Name, family.Family, service.Error);
        }

        if (isFull || (causes.Count == named.Count && !isShared))
        {
            return false;
        }

        family.Refused(isUntouched: false);
        observer.BaseDoubted(family.Family);
        return true;
    }

    /// <summary>Those that are refused also where nothing is missing. Few as a rule, so that the trial takes a millisecond.</summary>
    private async Task<IReadOnlyList<RefusedService>> ConfirmAsync(FamilySync family, IReadOnlyList<RefusedService> named, CancellationToken cancellation)
    {
        if (named.Count == 0)
        {
            return [];
        }

        ApplyResult alone = await trial.TryAsync([.. named.Select(static service => service.Name)], family.Applier, cancellation);
        return alone is { Outcome: ApplyOutcome.Refused, RefusesShared: false, RefusedServices: { } causes } ? causes : [];
    }
}
