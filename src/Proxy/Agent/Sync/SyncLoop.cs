using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// Keeps the kernel's rules equal to what the cluster asks for. The one writer of cluster state and model: it takes what
/// the feed has, makes the next snapshot, and has both families written. Changes that come meanwhile wait and are merged.
/// </summary>
internal sealed class SyncLoop
{
    /// <summary>
    /// How long the search for refused Services goes on before changes of others get their turn; it takes the place of
    /// the pause between syncs.
    /// </summary>
    private static readonly TimeSpan s_searchWindow = TimeSpan.FromMilliseconds(250);

    /// <summary>The result of a family whose retry is not due.</summary>
    private static readonly ApplyResult s_heldBack = new(ApplyOutcome.Unavailable, "the next try is not due");

    private readonly NodeFacts _facts;
    private readonly ClusterState _state;
    private readonly RuleModelBuilder _builder;
    private readonly FamilySync[] _families;
    private readonly NamedRefusals _named;
    private readonly RefusedServiceSearch _search;
    private readonly FeedIntake _intake;
    private readonly FamilyWriter _writer;
    private readonly SyncPolicy _policy;
    private readonly ISyncObserver _observer;
    private readonly SyncRecorder? _recorder;
    private readonly TimeProvider _time;
    private readonly WakeSignal _wake;
    private readonly TaskCompletionSource<bool> _listed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<DateTimeOffset> _triggers = [];
    private volatile bool _mustRefreshAddresses;
    private EgressPolicy? _newEgress;
    private List<string> _nodeProblems = [];
    private bool _mustRebuild;

    /// <summary>Prepares the loop.</summary>
    /// <param name="settings">The configuration.</param>
    /// <param name="readInterfaceAddresses">Reads the addresses on the node's interfaces.</param>
    /// <param name="appliers">One for each family that the node has.</param>
    /// <param name="policy">When to run.</param>
    /// <param name="observer">Receives reports of what happens.</param>
    /// <param name="time">The clock.</param>
    /// <param name="recorder">Records what the rules follow from; null if nothing is recorded.</param>
    public SyncLoop(
        ProxySettings settings,
        Func<IReadOnlyList<IpAddress>> readInterfaceAddresses,
        IEnumerable<IRuleApplier> appliers,
        SyncPolicy policy,
        ISyncObserver observer,
        TimeProvider time,
        SyncRecorder? recorder = null)
    {
        _recorder = recorder;
        _facts = new(settings, readInterfaceAddresses, recorder);
        _state = new(settings.AllowExternalIPs) { Operated = recorder is null ? null : recorder.Operation };
        _builder = new(_state, _facts.Resolve(IpFamily.IPv4), _facts.Resolve(IpFamily.IPv6));
        _families = [.. appliers.Select(applier => new FamilySync(applier, policy))];
        _named = new(_state, _families, new(_state, _facts.Resolve), observer);
        _search = new(_state, _builder, _families, _facts.Resolve, observer, time, recorder);
        _policy = policy;
        _observer = observer;
        _time = time;
        _wake = new(time);
        _writer = new(observer, time);
        Feed = new(Request, observer.ServiceNoted, observer.EndpointSliceNoted);
        _intake = new(Feed, _facts, _state, observer, time.GetUtcNow(), recorder);
    }

    /// <summary>Where objects arrive.</summary>
    public ClusterFeed Feed { get; }

    /// <summary>Completes when enough is known to write rules.</summary>
    public Task<bool> Listed => _listed.Task;

    /// <summary>The Node object that the last sync knew, or null.</summary>
    public Node? Node => _facts.Node;

    /// <summary>The rules that the last sync wrote or tried to write. Read by commands and tests while the loop rests.</summary>
    public RuleModelSnapshot Current => _builder.Current;

    /// <summary>Reports that somebody else changed the rules of a family. Called from any thread.</summary>
    public void Drifted(IpFamily family, string what)
    {
        foreach (FamilySync sync in _families)
        {
            if (sync.Family == family)
            {
                _observer.DriftReported(family, what); // before the repair can begin
                sync.ReportDrift(what);
            }
        }

        _wake.Set();
    }

    /// <summary>Reports that addresses on the node's interfaces may have changed. Called from any thread.</summary>
    public void AddressesChanged()
    {
        _mustRefreshAddresses = true;
        Request();
    }

    /// <summary>Takes a new policy of egress masquerade over. Called from any thread.</summary>
    public void EgressChanged(EgressPolicy policy)
    {
        Volatile.Write(ref _newEgress, policy);
        Request();
    }

    /// <summary>
    /// Runs until cancelled. The rules stay. After an exception it can be run again: nothing that was reported is lost, and
    /// everything is written, since it is unknown how far the sync came.
    /// </summary>
    /// <param name="stop">Ends the loop; a sync that has begun may finish within the policy's grace.</param>
    public async Task RunAsync(CancellationToken stop)
    {
        using CancellationTokenSource abort = new();
        await using CancellationTokenRegistration registration = stop.Register(() => abort.CancelAfter(_policy.StopGrace));
        try
        {
            while (true)
            {
                await WaitForWorkAsync(stop, abort.Token);
                await SyncAsync(abort.Token);
                if (_search.IsDue)
                {
                    stop.ThrowIfCancellationRequested();
                    await _search.RunAsync(s_searchWindow, abort.Token);
                }
                else
                {
                    await Task.Delay(_policy.MinInterval, _time, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Rules stay as they are.
        }
        catch
        {
            RequireFullOfAll();
            throw;
        }
    }

    private void RequireFullOfAll()
    {
        _mustRefreshAddresses = true;
        _mustRebuild = true;
        foreach (FamilySync family in _families)
        {
            family.RequireFull();
        }
    }

    private void Request()
    {
        if (Feed.IsListed)
        {
            _listed.TrySetResult(true);
            _observer.Requested();
            _wake.Set();
        }
    }

    /// <summary>Reports that the sync that was under way wrote what was requested meanwhile.</summary>
    private void ReportUpToDate()
    {
        long now = _time.GetTimestamp();
        if (HasWork())
        {
            return;
        }

        foreach (FamilySync family in _families)
        {
            if (family.Failures == 0)
            {
                _observer.UpToDate(family.Family, now);
            }
        }
    }

    /// <summary>Whether the search goes on, or has ended with something to write.</summary>
    private bool IsSearchDue => _search.IsDue || (!_search.IsPending && _state.HasChanges);

    private bool HasWork() =>
        IsSearchDue
        || _mustRefreshAddresses
        || Volatile.Read(ref _newEgress) is not null
        || Feed.Services.Count + Feed.EndpointSlices.Count + Feed.Nodes.Count + Feed.ServiceCidrs.Count != 0
        || Array.Exists(_families, family => family.IsDue(_time.GetUtcNow()));

    private async Task WaitForWorkAsync(CancellationToken stop, CancellationToken abort)
    {
        while (true)
        {
            DateTimeOffset now = _time.GetUtcNow();
            if (Feed.IsListed && (IsSearchDue || Array.Exists(_families, family => family.IsDue(now))))
            {
                return;
            }

            await CleanUpAsync(abort);
            DateTimeOffset due = Feed.IsListed ? _families.Min(static family => family.NextDue) : DateTimeOffset.MaxValue;
            TimeSpan wait = due - now < _policy.FullInterval ? due - now : _policy.FullInterval;
            wait = _families.Min(static family => family.Applier.UntilCleanUp) is { } untilCleanUp && untilCleanUp < wait ? untilCleanUp : wait;
            if (!await _wake.WaitAsync(wait, stop) || !Feed.IsListed)
            {
                continue;
            }

            if (HasWork())
            {
                return;
            }

            ReportUpToDate();
        }
    }

    /// <summary>Removes what earlier syncs left, while nothing else is to be done.</summary>
    private async Task CleanUpAsync(CancellationToken abort)
    {
        foreach (FamilySync family in _families)
        {
            if (family.Applier.UntilCleanUp <= TimeSpan.Zero)
            {
                await family.Applier.CleanUpAsync(abort);
            }
        }
    }

    private async Task SyncAsync(CancellationToken abort)
    {
        long taken = _time.GetTimestamp();
        List<DateTimeOffset> triggers;
        lock (Feed.BatchLock)
        {
            if (_mustRefreshAddresses)
            {
                _mustRefreshAddresses = false;
                _facts.RefreshAddresses();
            }

            if (Interlocked.Exchange(ref _newEgress, null) is { } policy)
            {
                _facts.Egress = policy;
            }

            triggers = _intake.Take();
        }

        foreach (NamespacedName name in _state.TakeReleased())
        {
            _search.Released(name);
        }

        if (!_search.AllowsWriting(_state.HasChanges))
        {
            _triggers.AddRange(triggers);
            return;
        }

        triggers.AddRange(_triggers);
        _triggers.Clear();
        while (!await WriteAsync(triggers, taken, abort) && _search.AllowsWriting(hasChanges: true))
        {
            // What is known to be good goes in first.
        }
    }

    /// <summary>Writes all that is not held back.</summary>
    /// <returns>Whether that is done; if not, the search holds back more now.</returns>
    private async Task<bool> WriteAsync(IReadOnlyList<DateTimeOffset> triggers, long taken, CancellationToken abort)
    {
        DateTimeOffset now = _time.GetUtcNow();
        NodeSettings ipv4 = _facts.Resolve(IpFamily.IPv4);
        NodeSettings ipv6 = _facts.Resolve(IpFamily.IPv6);
        ReportNodeProblems(ipv4, ipv6);
        IReadOnlyList<NamespacedName> changed = _state.TakeChanges();
        RuleModelChange change = Update(changed, ipv4, ipv6);
        ApplyResult[] results = await Task.WhenAll(_families.Select(family => family.IsHeldBack(now)
            ? Task.FromResult(s_heldBack)
            : _writer.WriteAsync(family, new(change[family.Family], changed, triggers, taken), abort)));
        if (Array.TrueForAll(results, static result => result.IsApplied))
        {
            _search.Written();
            return true;
        }

        for (int index = 0; index < _families.Length; index++)
        {
            if (results[index].Outcome == ApplyOutcome.Refused)
            {
                _builder.Undo(_families[index].Family);
                _recorder?.Undone(_families[index].Family);
            }
        }

        if (!Array.Exists(results, static result => result.Outcome == ApplyOutcome.Refused))
        {
            return true;
        }

        foreach (NamespacedName name in changed)
        {
            _state.Touch(name);
        }

        bool isFound = await _named.LeaveOutAsync(results, abort) || await _search.TakeOverAsync(results, change, abort);
        foreach (FamilySync family in _families.Where((_, index) => results[index].Outcome == ApplyOutcome.Refused))
        {
            if (isFound)
            {
                family.RetryAtOnce();
            }
            else
            {
                family.Failed(_time.GetUtcNow(), Random.Shared.NextDouble());
            }
        }

        return !isFound;
    }

    private void ReportNodeProblems(NodeSettings ipv4, NodeSettings ipv6)
    {
        List<string> problems = _facts.Problems(_families.Select(family => family.Family == IpFamily.IPv4 ? ipv4 : ipv6));
        if (!problems.SequenceEqual(_nodeProblems, StringComparer.Ordinal))
        {
            _nodeProblems = problems;
            _observer.NodeProblemsChanged(problems);
        }
    }

    /// <summary>Brings the model up to date; after an exception from the beginning, since it may be half done.</summary>
    private RuleModelChange Update(IReadOnlyList<NamespacedName> changed, NodeSettings ipv4, NodeSettings ipv6)
    {
        bool isFromScratch = _mustRebuild;
        if (isFromScratch)
        {
            _builder.StartOver(ipv4, ipv6);
        }

        RuleModelChange change = _builder.Update(isFromScratch ? _state.ServiceNames : changed, ipv4, ipv6);
        _mustRebuild = false;
        _recorder?.Updated(change, isFromScratch);
        return change;
    }
}
