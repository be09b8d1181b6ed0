using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// Finds the Services whose rules the kernel refuses where no answer names them (see <see cref="NamedRefusals"/>), a bit at a
/// time between the syncs of the loop. Those under suspicion keep the version that the kernel took last; all others are
/// written and go on changing. Where updates are cheap a group is proven by applying it, so that what the kernel takes is in
/// force at once; elsewhere by a trial of these Services alone, and what passed is written together.
/// </summary>
/// <param name="state">The cluster state.</param>
/// <param name="builder">Makes the snapshots.</param>
/// <param name="families">The families.</param>
/// <param name="settings">The present settings of a family.</param>
/// <param name="observer">Receives reports of what is found.</param>
/// <param name="time">The clock.</param>
/// <param name="recorder">Records the snapshots; null if nothing is recorded.</param>
internal sealed class RefusedServiceSearch(
    ClusterState state,
    RuleModelBuilder builder,
    FamilySync[] families,
    Func<IpFamily, NodeSettings> settings,
    ISyncObserver observer,
    TimeProvider time,
    SyncRecorder? recorder = null)
{
    /// <summary>How long rules of an earlier run stay in force as they are, before those are written that passed so far.</summary>
    private static readonly TimeSpan s_oldRulesStay = TimeSpan.FromSeconds(8);

    /// <summary>How often what passed trials is written while the search goes on.</summary>
    private static readonly TimeSpan s_writeInterval = TimeSpan.FromSeconds(5);

    /// <summary>Groups refused in a row without any that is taken, after which the base itself is written again.</summary>
    private const int MostRefusalsOnOneBase = 3;

    private readonly BisectionGroups _groups = new();
    private readonly ServiceTrial _trial = new(state, settings);
    private readonly HashSet<NamespacedName> _repeated = [];
    private readonly HashSet<IpFamily> _refusing = [];
    private long _began;
    private long _lastWrite;
    private bool _isApplying;
    private bool _hasWritten;
    private bool _isBaseSure;
    private int _refusalsInARow;
    private bool _havePassedTrials;
    private bool _haveTrialsMisled;

    /// <summary>Whether Services wait for their turn.</summary>
    public bool IsPending => _groups.Count != 0;

    private bool HaveCheapUpdates => Array.TrueForAll(families, static family => family.Applier.HasCheapUpdates);

    /// <summary>Whether there is something to do now: not while a family that refuses rules waits after a failure.</summary>
    public bool IsDue => IsPending && Array.TrueForAll(families, family => family.Failures == 0 || !_refusing.Contains(family.Family));

    /// <summary>
    /// Whether the loop may write what is known to be good. Not while rules of an earlier run are in force and hardly any
    /// Service has passed: most would lose theirs.
    /// </summary>
    /// <param name="hasChanges">Whether there are changes of other Services.</param>
    public bool AllowsWriting(bool hasChanges)
    {
        if (!IsPending || _isApplying)
        {
            return true;
        }

        return _hasWritten
            ? hasChanges || time.GetElapsedTime(_lastWrite) >= s_writeInterval
            : time.GetElapsedTime(_began) >= s_oldRulesStay;
    }

    /// <summary>A Service that the kernel refused changed. It is tried alone: it must not spoil the changes of others.</summary>
    public void Released(NamespacedName name)
    {
        if (!IsPending)
        {
            Begin(families.Select(static family => family.Family));
            _isApplying = _hasWritten && HaveCheapUpdates;
        }

        _repeated.Add(name);
        state.HoldBack(name);
        _groups.AddAlone(name);
    }

    /// <summary>All that is in the rules was written.</summary>
    public void Written()
    {
        state.Prove();
        _hasWritten = true;
        _isApplying |= IsPending && HaveCheapUpdates;
        _refusalsInARow = 0;
        _lastWrite = time.GetTimestamp();
        _havePassedTrials = false;
        _haveTrialsMisled &= IsPending;
    }

    /// <summary>Takes over when the kernel refused what was written: what it did not take before comes under suspicion.</summary>
    /// <param name="results">The results, one for each family.</param>
    /// <param name="change">What was written; the builder has taken it back for the families that refused it.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>False if no Service is the cause.</returns>
    public async Task<bool> TakeOverAsync(ApplyResult[] results, RuleModelChange change, CancellationToken cancellation)
    {
        FamilySync[] refusing = [.. families.Where((_, index) => results[index].Outcome == ApplyOutcome.Refused)];
        if (!await AcceptEmptyRulesAsync(refusing, cancellation))
        {
            return false;
        }

        NamespacedName[] suspects = state.FindUnproven();
        if (suspects.Length == 0 && state.HasProven)
        {
            // The kernel refuses what it took before.
            state.DoubtAll();
            _hasWritten = false;
            suspects = state.FindUnproven();
        }

        if (suspects.Length == 0)
        {
            return false;
        }

        bool begins = !IsPending;
        if (begins)
        {
            Begin(refusing.Select(static family => family.Family));
        }
        else
        {
            _refusing.UnionWith(refusing.Select(static family => family.Family));
            HoldBackWhereRefused();
        }

        // What is refused now passed, each part by itself: trials do not find it.
        _haveTrialsMisled |= _havePassedTrials;

        NamespacedName[] named = [.. families.SelectMany((family, index) => RefusalHints.Find(results[index].Complaints ?? [], suspects, change[family.Family].After)).Distinct()];
        if (named.Length != 0 && refusing.Any(static family => family.Applier.TriesOnlyForm))
        {
            // A trial would say nothing, and to apply one by one would take too long: the tool is believed.
            QuarantineNamed(named, refusing[0], results);
            return true;
        }

        foreach (NamespacedName name in suspects)
        {
            state.HoldBack(name);
        }

        _groups.Add(suspects, named);
        _isApplying = await MayApplyAsync(refusing, cancellation);
        return true;
    }

    /// <summary>Goes on for some time, or until nothing can be done before the loop has written.</summary>
    public async Task RunAsync(TimeSpan window, CancellationToken cancellation)
    {
        int quarantined = state.Quarantined.Count;
        long start = time.GetTimestamp();
        while (IsDue && !(_isApplying && Array.Exists(families, family => family.NeedsFull && _refusing.Contains(family.Family))))
        {
            Task<bool> step = _isApplying ? ApplyAsync(_groups.Next(), cancellation)
                : Array.TrueForAll(families, static family => family.Applier.GroupTrials is not null) ? TryManyAsync(_groups.NextMany(), cancellation)
                : TryAsync(_groups.Next(), cancellation);
            if (!await step || time.GetElapsedTime(start) >= window)
            {
                break;
            }
        }

        if (state.Quarantined.Count != quarantined)
        {
            observer.QuarantineChanged(state.Quarantined);
        }
    }

    private void Begin(IEnumerable<IpFamily> refusing)
    {
        _refusing.Clear();
        _refusing.UnionWith(refusing);
        HoldBackWhereRefused();
        _began = time.GetTimestamp();
        _refusalsInARow = 0;
        _isBaseSure = false;
    }

    /// <summary>What the other family took stays in force there.</summary>
    private void HoldBackWhereRefused() => state.HoldBackIn(_refusing.Contains(IpFamily.IPv4), _refusing.Contains(IpFamily.IPv6));

    /// <summary>If the kernel refuses rules without any Service, no Service is the cause.</summary>
    private async Task<bool> AcceptEmptyRulesAsync(FamilySync[] refusing, CancellationToken cancellation)
    {
        RuleModelSnapshot nothing = new RuleModelBuilder(new ClusterState(allowExternalIPs: true), settings(IpFamily.IPv4), settings(IpFamily.IPv6))
            .Update([], settings(IpFamily.IPv4), settings(IpFamily.IPv6)).After;
        foreach (FamilySync family in refusing)
        {
            if (!(await family.Applier.TryAsync(nothing[family.Family], cancellation)).IsApplied)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Applying needs a base in the kernel that is known to be good: what this run wrote, or nothing at all.</summary>
    private async Task<bool> MayApplyAsync(FamilySync[] refusing, CancellationToken cancellation)
    {
        if (_haveTrialsMisled)
        {
            return true;
        }

        foreach (FamilySync family in refusing)
        {
            if (!family.Applier.HasCheapUpdates || (!_hasWritten && await family.Applier.HasRulesAsync(cancellation)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Applies a group on top of what is in force.</summary>
    /// <returns>Whether the search can go on at once.</returns>
    private async Task<bool> ApplyAsync(NamespacedName[] group, CancellationToken cancellation)
    {
        Admit(group);
        IReadOnlyList<NamespacedName> names = state.TakeChanges();
        RuleModelChange change = builder.Update(names, settings(IpFamily.IPv4), settings(IpFamily.IPv6));
        recorder?.Updated(change, isFromScratch: false);
        long start = time.GetTimestamp();
        ApplyResult[] results = await Task.WhenAll(families.Select(family => ApplyAsync(family, change[family.Family], cancellation)));
        if (Array.TrueForAll(results, static result => result.IsApplied))
        {
            Report(names, change, start);
            _groups.Taken(group);
            _repeated.ExceptWith(group);
            Written();
            return true;
        }

        HoldBack(group);
        bool[] wereTaken = [.. families.Select(static family => family.WasTaken)];
        for (int index = 0; index < families.Length; index++)
        {
            if (results[index].Outcome == ApplyOutcome.Refused)
            {
                builder.Undo(families[index].Family);
                recorder?.Undone(families[index].Family);
                families[index].Refused(families[index].Applier.HasCheapUpdates);
            }
            else if (results[index].Outcome == ApplyOutcome.Unavailable)
            {
                families[index].Failed(time.GetUtcNow(), Random.Shared.NextDouble());
            }
        }

        int refused = Array.FindIndex(results, static result => result.Outcome == ApplyOutcome.Refused);
        if (refused < 0)
        {
            _groups.Return(group);
            return false;
        }

        if (_groups.Refused(group))
        {
            await QuarantineIfCauseAsync(group[0], families[refused], wereTaken[refused], results[refused], cancellation);
        }
        else if (++_refusalsInARow >= MostRefusalsOnOneBase && !_isBaseSure)
        {
            // It may be the base that is missing: somebody else may have deleted it.
            _isBaseSure = true;
            Doubt(families[refused]);
        }

        return true;
    }

    /// <summary>A family that waits after a failure is written as a whole when its time comes.</summary>
    private static Task<ApplyResult> ApplyAsync(FamilySync family, FamilyChange change, CancellationToken cancellation) =>
        change.IsEmpty || family.NeedsFull ? Task.FromResult(ApplyResult.Applied)
        : family.Applier.CanUpdate(change) ? family.Applier.ApplyUpdateAsync(change, cancellation)
        : family.Applier.ApplyFullAsync(change.After, cancellation);

    /// <summary>A Service that was refused alone is the cause, unless it was the base that was missing.</summary>
    private async Task QuarantineIfCauseAsync(NamespacedName name, FamilySync family, bool wasTaken, ApplyResult result, CancellationToken cancellation)
    {
        if (wasTaken || _repeated.Contains(name) || (await _trial.TryAsync([name], family.Applier, cancellation)).Outcome == ApplyOutcome.Refused)
        {
            Quarantine(name, family.Family, result.Error);
            return;
        }

        // The loop writes the base, and then it is tried again.
        Doubt(family);
        _groups.AddAlone(name);
    }

    /// <summary>The loop is to write everything: what the groups build on may be gone.</summary>
    private void Doubt(FamilySync family)
    {
        family.Refused(isUntouched: false);
        observer.BaseDoubted(family.Family);
    }

    /// <summary>Tries a group without writing it.</summary>
    /// <returns>Whether the search can go on at once.</returns>
    private async Task<bool> TryAsync(NamespacedName[] group, CancellationToken cancellation)
    {
        Admit(group);
        foreach (FamilySync family in families.Where(family => _refusing.Contains(family.Family)))
        {
            ApplyResult result = await _trial.TryAsync(group, family.Applier, cancellation);
            if (result.IsApplied)
            {
                continue;
            }

            HoldBack(group);
            if (result.Outcome == ApplyOutcome.Unavailable)
            {
                family.Failed(time.GetUtcNow(), Random.Shared.NextDouble());
                _groups.Return(group);
                return false;
            }

            if (_groups.Refused(group))
            {
                Quarantine(group[0], family.Family, result.Error);
            }

            return true;
        }

        _groups.Taken(group);
        _havePassedTrials = true;
        return true;
    }

    /// <summary>Tries groups without writing them, in several calls side by side, each up to the first that is refused.</summary>
    /// <returns>Whether the search can go on at once.</returns>
    private async Task<bool> TryManyAsync(IReadOnlyList<NamespacedName[]> groups, CancellationToken cancellation)
    {
        bool canGoOn = true;
        List<NamespacedName[]> unknown = [];
        FamilySync[] refusing = [.. families.Where(family => _refusing.Contains(family.Family))];
        foreach (TriedGroups part in await _trial.TryManyAsync(groups, refusing, cancellation))
        {
            foreach (NamespacedName[] group in part.Groups.Take(part.Trial.Taken))
            {
                Admit(group);
                _groups.Taken(group);
                _havePassedTrials = true;
            }

            NamespacedName[]? refused = part.Trial.Next.Outcome == ApplyOutcome.Refused ? part.Groups[part.Trial.Taken] : null;
            unknown.AddRange(part.Groups.Skip(part.Trial.Taken + (refused is null ? 0 : 1)));
            if (refused is not null && _groups.RefusedAmongMany(refused))
            {
                Quarantine(refused[0], part.Family.Family, part.Trial.Next.Error);
            }
            else if (part.Trial.Next.Outcome == ApplyOutcome.Unavailable)
            {
                part.Family.Failed(time.GetUtcNow(), Random.Shared.NextDouble());
                canGoOn = false;
            }
        }

        _groups.ReturnMany(unknown);
        return canGoOn;
    }

    private void QuarantineNamed(NamespacedName[] named, FamilySync family, ApplyResult[] results)
    {
        string error = Array.Find(results, static result => result.Outcome == ApplyOutcome.Refused).Error;
        foreach (NamespacedName name in named)
        {
            Quarantine(name, family.Family, error);
        }

        observer.QuarantineChanged(state.Quarantined);
    }

    private void Quarantine(NamespacedName name, IpFamily family, string error)
    {
        state.Quarantine(name);
        observer.Quarantined(name, family, error);
    }

    private void Admit(NamespacedName[] group) => Array.ForEach(group, state.Admit);

    private void HoldBack(NamespacedName[] group) => Array.ForEach(group, state.HoldBack);

    private void Report(IReadOnlyList<NamespacedName> names, RuleModelChange change, long start)
    {
        foreach (FamilySync family in families)
        {
            FamilyChange part = change[family.Family];
            if (part.IsEmpty || family.NeedsFull)
            {
                continue;
            }

            family.Succeeded(isFull: false, time.GetUtcNow());
            family.WasTaken = true;
            observer.Synced(new SyncReport
            {
                Family = family.Family,
                IsFull = false,
                Duration = time.GetElapsedTime(start),
                Result = ApplyResult.Applied,
                Figures = family.Applier.Figures,
                Rules = part.After,
                Services = part.SettingsChanged ? null : names,
                TriggerTimes = [],
                ChangesTaken = start,
                Failures = 0,
            });
        }
    }
}
