using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>Writes the rules of a family: a repair, an update or everything, whichever is due, and reports what came of it.</summary>
/// <param name="observer">Receives the reports.</param>
/// <param name="time">The clock.</param>
internal sealed class FamilyWriter(ISyncObserver observer, TimeProvider time)
{
    /// <summary>Writes what is pending, or everything if that is due or an update fails.</summary>
    /// <param name="family">The family.</param>
    /// <param name="pending">What is pending.</param>
    /// <param name="abort">Ends the transaction.</param>
    /// <returns>The result of the last transaction.</returns>
    public async Task<ApplyResult> WriteAsync(
        FamilySync family,
        PendingSync pending,
        CancellationToken abort)
    {
        if (family.TakeDrift(time.GetUtcNow()))
        {
            observer.Drifted(family.Family, family.Drift!); // just taken
        }

        string? drift = family.Drift;
        bool isFullDue = time.GetUtcNow() >= family.NextFull;
        ApplyResult? repair = family.MayRepairInPart && !isFullDue ? await RepairAsync(family, pending, abort) : null;
        bool isFull = repair is null && (isFullDue || family.NeedsFull || !family.Applier.CanUpdate(pending.Change));
        ApplyResult result = repair ?? await ApplyAsync(family, pending, isFull, abort);
        bool isRefusal = result.Outcome == ApplyOutcome.Refused && family.Applier.HasCheapUpdates;
        if (!result.IsApplied && !isFull && !isRefusal)
        {
            // What the update builds on may be gone; a full transaction does not depend on it.
            result = await ApplyAsync(family, pending, isFull: true, abort);
        }

        if (drift is not null && result.IsApplied)
        {
            observer.Repaired(family.Family, drift);
        }

        return result;
    }

    /// <summary>Writes what somebody else changed; null if everything has to be written instead.</summary>
    private async Task<ApplyResult?> RepairAsync(FamilySync family, PendingSync pending, CancellationToken abort)
    {
        long start = time.GetTimestamp();
        ApplyResult? result = await family.Applier.RepairAsync(pending.Change.After, abort);
        if (result is { } ended)
        {
            Conclude(family, pending, isFull: false, isNeeded: true, ended, start);
        }

        return result;
    }

    private async Task<ApplyResult> ApplyAsync(
        FamilySync family,
        PendingSync pending,
        bool isFull,
        CancellationToken abort)
    {
        long start = time.GetTimestamp();
        FamilyChange change = pending.Change;
        bool isNeeded = isFull || !change.IsEmpty;
        ApplyResult result = isFull
            ? await family.Applier.ApplyFullAsync(change.After, abort)
            : isNeeded ? await family.Applier.ApplyUpdateAsync(change, abort) : ApplyResult.Applied;
        Conclude(family, pending, isFull, isNeeded, result, start);
        return result;
    }

    private void Conclude(FamilySync family, PendingSync pending, bool isFull, bool isNeeded, ApplyResult result, long start)
    {
        FamilyChange change = pending.Change;
        DateTimeOffset now = time.GetUtcNow();
        if (result.IsApplied)
        {
            family.Succeeded(isFull, now);
            family.WasTaken |= isNeeded;
        }
        else if (result.Outcome == ApplyOutcome.Refused)
        {
            family.Refused(isUntouched: !isFull && family.Applier.HasCheapUpdates);
        }
        else
        {
            family.Failed(now, Random.Shared.NextDouble());
        }

        observer.Synced(new SyncReport
        {
            Family = family.Family,
            IsFull = isFull,
            Duration = time.GetElapsedTime(start),
            Result = result,
            Figures = isNeeded ? family.Applier.Figures : null,
            Rules = change.After,
            Services = isFull || change.SettingsChanged ? null : pending.Services,
            TriggerTimes = pending.TriggerTimes,
            ChangesTaken = pending.ChangesTaken,
            Failures = result.IsApplied ? 0 : Math.Max(1, family.Failures),
        });
    }
}

/// <summary>What a sync of a family has to do.</summary>
/// <param name="Change">The change of its rules.</param>
/// <param name="Services">The Services that changed.</param>
/// <param name="TriggerTimes">When the changes were made, as far as their objects say so.</param>
/// <param name="ChangesTaken">The time stamp of the moment at which the changes were taken out of the feed.</param>
internal sealed record PendingSync(FamilyChange Change, IReadOnlyList<NamespacedName> Services, IReadOnlyList<DateTimeOffset> TriggerTimes, long ChangesTaken);
