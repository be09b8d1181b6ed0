using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>What the sync loop remembers of one family.</summary>
/// <param name="applier">Writes the rules.</param>
/// <param name="policy">When to run.</param>
internal sealed class FamilySync(IRuleApplier applier, SyncPolicy policy)
{
    private volatile string? _reportedDrift;
    private DateTimeOffset _repaired = DateTimeOffset.MinValue;
    private DateTimeOffset _repairAt = DateTimeOffset.MinValue;
    private int _repairsInARow;

    /// <summary>Writes the rules.</summary>
    public IRuleApplier Applier => applier;

    /// <summary>The family.</summary>
    public IpFamily Family => applier.Family;

    /// <summary>Whether the kernel may have something else than the last snapshot, so that an update has nothing to build on.</summary>
    public bool NeedsFull { get; private set; } = true;

    /// <summary>Whether damage by others is the only reason to write anything again, so that what they left intact may stay.</summary>
    public bool MayRepairInPart { get; private set; }

    /// <summary>When everything has to be written again, whatever happens.</summary>
    public DateTimeOffset NextFull { get; private set; } = DateTimeOffset.MaxValue;

    /// <summary>When to try again after a failure.</summary>
    public DateTimeOffset RetryAt { get; private set; } = DateTimeOffset.MaxValue;

    /// <summary>Failures in a row.</summary>
    public int Failures { get; private set; }

    /// <summary>What somebody else did to the rules, not repaired yet; null if nothing.</summary>
    public string? Drift { get; private set; }

    /// <summary>Reports what somebody else did to the rules. Called from any thread.</summary>
    public void ReportDrift(string what) => _reportedDrift = what;

    /// <summary>
    /// Takes over what was reported, when its time has come: at once, but when repairs follow one another another program
    /// works against this agent, and then they come further and further apart.
    /// </summary>
    /// <returns>Whether there is something new to repair.</returns>
    public bool TakeDrift(DateTimeOffset now)
    {
        if (_reportedDrift is not { } what || now < _repairAt)
        {
            return false;
        }

        _reportedDrift = null;
        Drift = what;
        MayRepairInPart = !NeedsFull;
        NeedsFull = true;
        _repairsInARow = now - _repaired < policy.RetryDelay(_repairsInARow + 1) + policy.DriftQuietTime ? _repairsInARow + 1 : 0;
        RepairEnded(now); // until it has
        return true;
    }

    /// <summary>Has everything written by the next sync: what the kernel has is unknown, because a sync ended in the middle.</summary>
    public void RequireFull()
    {
        NeedsFull = true;
        MayRepairInPart = false;
    }

    /// <summary>Whether it failed and its time has not come: whatever changes meanwhile is in the next try, which is a full one.</summary>
    public bool IsHeldBack(DateTimeOffset now) => Failures > 0 && now < RetryAt;

    /// <summary>Whether a sync is due at a time although nothing changed.</summary>
    public bool IsDue(DateTimeOffset now) => now >= NextDue || (NeedsFull && Failures == 0);

    /// <summary>When a sync is due although nothing changed.</summary>
    public DateTimeOffset NextDue
    {
        get
        {
            DateTimeOffset due = RetryAt < NextFull ? RetryAt : NextFull;
            return _reportedDrift is not null && Failures == 0 && _repairAt < due ? _repairAt : due;
        }
    }

    /// <summary>The kernel has the rules.</summary>
    /// <param name="isFull">Whether everything was written.</param>
    /// <param name="now">The time.</param>
    public void Succeeded(bool isFull, DateTimeOffset now)
    {
        NeedsFull = false;
        MayRepairInPart = false;
        Failures = 0;
        if (Drift is not null)
        {
            Drift = null;
            RepairEnded(now);
        }

        RetryAt = DateTimeOffset.MaxValue;
        if (isFull)
        {
            NextFull = now + policy.FullInterval;
        }
    }

    /// <summary>
    /// Whether the last transaction was taken, so that what the next one builds on was there a moment ago. A sync that had
    /// nothing to write is none.
    /// </summary>
    public bool WasTaken { get; set; }

    /// <summary>The kernel refused a transaction.</summary>
    /// <param name="isUntouched">Whether it surely has what it had before.</param>
    public void Refused(bool isUntouched)
    {
        NeedsFull |= !isUntouched;
        MayRepairInPart = false;
        WasTaken = false;
    }

    /// <summary>Ends the wait after a failure: it is known what to write instead of what was refused.</summary>
    public void RetryAtOnce()
    {
        Failures = 0;
        RetryAt = DateTimeOffset.MaxValue;
    }

    /// <summary>The kernel does not have the rules.</summary>
    /// <param name="now">The time.</param>
    /// <param name="jitter">0 to 1: the part of a fifth that is added to the delay, so that nodes do not retry in step.</param>
    public void Failed(DateTimeOffset now, double jitter)
    {
        NeedsFull = true;
        MayRepairInPart = false;
        WasTaken = false;
        Failures++;
        RetryAt = now + (policy.RetryDelay(Failures) * (1 + (jitter / 5)));
        if (Drift is not null)
        {
            RepairEnded(now);
        }
    }

    /// <summary>Times count from the end of a repair: one that takes longer than the delay would leave nothing of it.</summary>
    private void RepairEnded(DateTimeOffset now)
    {
        _repaired = now;
        _repairAt = _repairsInARow == 0 ? DateTimeOffset.MinValue : now + policy.RetryDelay(_repairsInARow);
    }
}
