using System.Buffers;
using KubeProxySharp.Proxy.Agent.Apply.Counters;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>
/// Brings the rules of one family into the kernel with <c>iptables-restore --noflush</c>. Missing jump rules are inserted in
/// the same transactions as the chains they lead to; each table is a transaction of its own, filter before nat, and a full nat
/// table in the nft variant several (<see cref="ChainsPerCommit"/>).
/// </summary>
/// <param name="tools">The tools of the host's variant.</param>
/// <param name="runner">Runs them.</param>
/// <param name="log">Where warnings go.</param>
/// <param name="counters">The counters of the connections of Services; null if connections are not counted.</param>
internal sealed class IptablesApplier(IptablesTools tools, ProcessRunner runner, ILogger log, NfacctServiceCounters? counters = null) : IRuleApplier
{
    /// <summary>How often differences are written, and looked for again, before everything is written.</summary>
    private const int MostRepairs = 5;

    /// <summary>How often rules that count connections are refused, and taken without the counters, before they are written no more.</summary>
    private const int MostRefusedCounters = 3;

    /// <summary>Found by trying at 10,000 Services x 10: fewer chains cost commits, more cost lines (docs/decisions.md).</summary>
    private const int ChainsPerCommit = 1000;

    /// <summary>How long a repair compares while changes of Services wait.</summary>
    private static readonly TimeSpan s_comparisonLimit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a check beside the loop lists at first; twice as long each time that it does not end. 10,000 Services x 10 take
    /// some 3 s where nobody commits.
    /// </summary>
    private static readonly TimeSpan s_shortestLookLimit = TimeSpan.FromSeconds(20);

    /// <summary>Trials are made without counters of connections, which are the same for each Service: none is refused because of them.</summary>
    private readonly IptablesTrials _trials = new(tools, runner, BaseOptions(tools), log);
    private TimeSpan _lookLimit = s_shortestLookLimit;
    private bool _wasNotCompared;
    private bool _hasCounted;
    private int _refusedCounters;
    private IptablesOptions _options = IptablesOptions.Default;
    private int _filterRules;
    private int _natSharedRules;
    private int _natPortRules;
    private volatile AppliedRules? _applied;

    /// <summary>The last listing that somebody may have written into, and what it should have been. The same one again is no torn one.</summary>
    private (AppliedRules Wanted, (int Rules, ulong Sum) Live)? _torn;

    /// <inheritdoc/>
    public IpFamily Family => tools.Family;

    /// <inheritdoc/>
    public ApplyFigures? Figures { get; private set; }

    /// <summary>No: either variant reads or writes whole tables, and of a restore that is refused a part may be written.</summary>
    public bool HasCheapUpdates => false;

    /// <inheritdoc/>
    public bool TriesOnlyForm => _trials.ChecksOnlyForm;

    /// <inheritdoc/>
    public bool CanUpdate(FamilyChange change) => !change.SettingsChanged;

    /// <inheritdoc/>
    public async Task<ApplyResult> ApplyFullAsync(FamilyRules rules, CancellationToken cancellation)
    {
        Figures = null;
        _options = new NfacctCounters(runner.Network, log).Ensure(BaseOptions(tools)) with { HasServiceCounters = _refusedCounters < MostRefusedCounters && counters?.TryEnsure(rules) == true };
        IptablesListing? filter = await ListAsync("filter", cancellation);
        IptablesListing? nat = await ListAsync("nat", cancellation);
        (List<JumpRule> missing, ApplyResult error) = await MissingJumps.FindAsync(
            runner, tools, JumpRule.Of(rules.Settings), table => table == "nat" ? nat : filter, cancellation);
        if (!error.IsApplied)
        {
            return error;
        }

        // To declare a chain that exists would flush it, and this one has rules of the kubelet.
        bool makesSharedChain = filter is not null && !filter.Chains("filter").Contains(JumpRule.SharedChain);
        RestoreAdditions additions = await WithSurplusEgressAsync(new(missing, makesSharedChain, MakesCanaries: true), rules, nat, cancellation);
        ChainName[] stale = StaleChains(nat, rules);
        ApplyResult result = await WriteFullAsync(rules, stale, additions, cancellation);
        if (result.Outcome == ApplyOutcome.Refused && _options.HasServiceCounters && !_hasCounted)
        {
            result = await WriteWithoutCountersAsync(result, rules, stale, additions, cancellation);
        }

        _hasCounted |= result.IsApplied && _options.HasServiceCounters;
        if (result.IsApplied && missing.Count != 0)
        {
            log.JumpsInserted(Family, missing.Count);
        }

        if (result.IsApplied)
        {
            await MakeMangleCanaryAsync(cancellation);
        }

        return Note(result, rules);
    }

    /// <inheritdoc/>
    public async Task<ApplyResult?> RepairAsync(FamilyRules rules, CancellationToken cancellation)
    {
        Figures = null;
        if (_options.HasServiceCounters && counters?.TryEnsure(rules) != true)
        {
            return null; // a full restore writes the rules without them
        }

        // A listing of iptables-nft begins anew whenever somebody commits, and of many rules never ends beside a busy program; a
        // transaction with the shared chains alone takes a fraction of a second, and mends what is damaged most often. It
        // fails where a chain that they jump to is gone: the comparison finds out which.
        ApplyResult shared = await WriteRepairAsync(rules, [], [], new([], MakesSharedChain: false, MakesCanaries: true), _natPortRules, cancellation);
        log.SharedChainsWritten(Family, shared.IsApplied ? "written" : shared.Error);

        // Changes of Services wait for the comparison. If it does not end, the watch goes on comparing beside the loop.
        TimeSpan limit = shared.IsApplied && !_wasNotCompared ? s_comparisonLimit : ToolCall.DefaultLimit;
        _wasNotCompared = false;
        ChainComparison chains = new(rules, _options);
        bool wasMostly = false;
        for (int repairs = 0; repairs < MostRepairs; repairs++)
        {
            // A commit of others meanwhile may make chains seem different that are not. To write those again does no harm.
            (IptablesListing? listing, ProcessResult listed) = await CompareAsync(chains, limit, cancellation);
            if (listed.End == ProcessEnd.TimedOut && limit < ToolCall.DefaultLimit)
            {
                _wasNotCompared = true;
                log.NotCompared(Family, limit.TotalSeconds);
                return Note(ApplyResult.Applied, rules);
            }

            bool isMostly = chains.DifferingPortChains > chains.PortChains / 2;
            if (listing is null || !listing.Chains("filter").Contains(JumpRule.SharedChain) || (isMostly && (wasMostly || tools.Variant == IptablesVariant.Legacy)))
            {
                log.NotRepairedInPart(Family, chains.DifferingChains, listing is null ? listed.Describe(tools.Save) : "most of all or one that others share");
                return null;
            }

            wasMostly = isMostly;
            if (isMostly)
            {
                continue; // a listing that was torn by a commit may lack most of the rules
            }

            (List<JumpRule> missing, ApplyResult found) = await MissingJumps.FindAsync(runner, tools, JumpRule.Of(rules.Settings), _ => listing, cancellation);
            if (!found.IsApplied)
            {
                return found;
            }

            RestoreAdditions additions = await WithSurplusEgressAsync(new(missing, MakesSharedChain: false, MakesCanaries: true), rules, listing, cancellation);
            if (chains.DifferingChains == 0 && missing.Count == 0 && !additions.RemovesEgressChain)
            {
                if (!listing.Chains("mangle").Contains(IptablesRenderer.CanaryChain))
                {
                    await MakeMangleCanaryAsync(cancellation);
                }

                return Note(ApplyResult.Applied, rules);
            }

            ServiceRules[] services = [.. rules.Services.Values.Where(service => IptablesRenderer.PortChains(service).Any(chains.Differs))];
            log.RepairedInPart(Family, chains.DifferingChains, missing.Count, services.Length);
            ApplyResult result = await WriteRepairAsync(rules, services, [.. chains.Stale], additions, chains.PortRules, cancellation);
            if (!result.IsApplied)
            {
                return Note(result, rules);
            }
        }

        log.NotRepairedInPart(Family, chains.DifferingChains, $"after {MostRepairs} repairs");
        return null;
    }

    /// <inheritdoc/>
    public async Task<ApplyResult> ApplyUpdateAsync(FamilyChange change, CancellationToken cancellation)
    {
        Figures = null;
        if (change.IsEmpty)
        {
            return Note(ApplyResult.Applied, change.After);
        }

        if (_options.HasServiceCounters && counters?.TryEnsure(change) != true)
        {
            // The full restore that follows a failure writes the rules without them.
            return Note(new(ApplyOutcome.Unavailable, "counters of connections cannot be made"), change.After);
        }

        using Transaction transaction = new(runner, RestoreCall);
        RuleCounts written = IptablesRenderer.WritePartialRestore(change, _options, transaction);
        if (transaction.IsEmpty)
        {
            return Note(ApplyResult.Applied, change.After);
        }

        ApplyResult result = await transaction.CommitAsync(cancellation);
        Figures = transaction.Figures;
        Count(written, _natPortRules + IptablesRenderer.NatPortRulesAdded(change, _options));
        return Note(result, change.After);
    }

    /// <summary>
    /// Whether the kernel still has the rules that were applied last, and the jumps to them, from one listing. Comments
    /// count: above and below the size of a large cluster they differ until a rule is rewritten, and then the answer is no once.
    /// </summary>
    /// <exception cref="ApplierException">They cannot be listed.</exception>
    public async Task<Integrity> LookAsync(CancellationToken cancellation)
    {
        if (_applied is not { } before)
        {
            return Integrity.Intact;
        }

        using FinishedCommits? commits = tools.Variant == IptablesVariant.Legacy
            ? null // the kernel gives out a table as a whole
            : runner.Network.Run(static () => new FinishedCommits());
        uint? commit = commits?.Last();
        (RuleDigest? live, ProcessResult listed) = await DigestAsync(cancellation);
        if (listed.End == ProcessEnd.TimedOut && _lookLimit < ToolCall.DefaultLimit)
        {
            _lookLimit *= 2;
            return Integrity.Unclear;
        }

        _lookLimit = s_shortestLookLimit;
        if (live is null)
        {
            throw new ApplierException("the rules cannot be listed: " + listed.Describe(tools.Save));
        }

        // Whatever others wrote meanwhile: what lacks nothing of ours is no torn listing.
        AppliedRules? after = _applied;
        if (after is null || live.Value == after.Digest || (after != before && live.Value == before.Digest))
        {
            return Integrity.Intact;
        }

        bool isSteady = after == before
            && (commits is null || (commit is not null && commit == commits.Last()) || _torn == (before, live.Value));
        _torn = isSteady ? null : (before, live.Value);
        return isSteady ? Integrity.Changed : Integrity.Unclear;
    }

    /// <summary>None: each full sync removes what is stale in its own transaction.</summary>
    public TimeSpan? UntilCleanUp => null;

    /// <inheritdoc/>
    public Task CleanUpAsync(CancellationToken cancellation) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation) => _trials.TryAsync(rules, cancellation);

    /// <inheritdoc/>
    public IGroupTrials GroupTrials => _trials;

    /// <inheritdoc/>
    public async Task<bool> HasRulesAsync(CancellationToken cancellation) =>
        await ListAsync("nat", cancellation) is not { } nat || nat.Chains("nat").Any(static chain => ChainName.TryParse(chain, out _));

    private async Task<ApplyResult> WriteFullAsync(FamilyRules rules, ChainName[] stale, RestoreAdditions additions, CancellationToken cancellation)
    {
        using Transaction transaction = new(runner, RestoreCall);
        RuleCounts written = IptablesRenderer.WriteFullRestore(rules, stale, additions, _options, transaction);
        ApplyResult result = await transaction.CommitAsync(cancellation);
        Figures = transaction.Figures;
        Count(written, natPortRules: written.NatPorts);
        return result;
    }

    /// <summary>
    /// A kernel or an iptables may have the objects, but not the match that refers to them. Then connections are not counted.
    /// </summary>
    private async Task<ApplyResult> WriteWithoutCountersAsync(
        ApplyResult refused, FamilyRules rules, ChainName[] stale, RestoreAdditions additions, CancellationToken cancellation)
    {
        _options = _options with { HasServiceCounters = false };
        ApplyResult result = await WriteFullAsync(rules, stale, additions, cancellation);
        if (result.IsApplied)
        {
            counters?.Release();
            if (_refusedCounters++ == 0)
            {
                log.CountingRulesRefused(Family, refused.Error);
            }
        }

        return result;
    }

    /// <summary>
    /// Writes the shared chains, the chains of some Services and missing jumps, and deletes chains that are stale. Afterwards
    /// the per-service chains of the nat table have the given number of rules, which is a metric.
    /// </summary>
    private async Task<ApplyResult> WriteRepairAsync(
        FamilyRules rules, ServiceRules[] services, ChainName[] stale, RestoreAdditions additions, int natPortRules, CancellationToken cancellation)
    {
        using Transaction transaction = new(runner, RestoreCall);
        RuleCounts written = IptablesRenderer.WriteRepair(rules, services, stale, additions, _options, transaction);
        ApplyResult result = await transaction.CommitAsync(cancellation);
        Figures = transaction.Figures;
        if (result.IsApplied)
        {
            Count(written, natPortRules);
        }

        return result;
    }

    /// <summary>Lists all rules, and compares our chains with them; no listing if they cannot be listed.</summary>
    private async Task<(IptablesListing? Listing, ProcessResult Result)> CompareAsync(ChainComparison chains, TimeSpan limit, CancellationToken cancellation)
    {
        IptablesListing listing = new();
        chains.StartListing();
        ToolCall save = new(tools.Save)
        {
            Limit = limit,
            Lines = line =>
            {
                listing.Take(line);
                chains.TakeLive(line);
            },
        };
        ProcessResult result = await runner.RunAsync(save, cancellation);
        return (result.IsSuccess ? listing : null, result);
    }

    private async Task<(RuleDigest? Digest, ProcessResult Result)> DigestAsync(CancellationToken cancellation)
    {
        RuleDigest live = new();
        ProcessResult result = await runner.RunAsync(new ToolCall(tools.Save) { Limit = _lookLimit, Lines = live.Take }, cancellation);
        return (result.IsSuccess ? live : null, result);
    }

    /// <summary>Nothing of ours depends on it, so a kernel without the table mangle is no reason to fail.</summary>
    private async Task MakeMangleCanaryAsync(CancellationToken cancellation)
    {
        using Transaction transaction = new(runner, RestoreCall);
        transaction.Write("*mangle\n:KUBE-PROXY-CANARY - [0:0]\nCOMMIT\n"u8);
        ApplyResult result = await transaction.CommitAsync(cancellation);
        if (!result.IsApplied)
        {
            log.NoCanary(Family, result.Error);
        }
    }

    private ApplyResult Note(ApplyResult result, FamilyRules rules)
    {
        _applied = result.IsApplied ? new AppliedRules(rules, _options) : null;
        return result;
    }

    /// <summary>iptables-legacy-restore writes the whole table at each commit, so all is one.</summary>
    private static IptablesOptions BaseOptions(IptablesTools tools) => tools.Variant == IptablesVariant.Legacy
        ? IptablesOptions.Default
        : IptablesOptions.Default with { ChainsPerCommit = ChainsPerCommit };

    private ToolCall RestoreCall => new(tools.Restore, [.. IptablesTools.Wait, "--noflush", "--counters"]) { TakesFile = true };

    /// <summary>Remembers how many rules there should be. After a failure the number comes anew from the next full restore.</summary>
    private void Count(RuleCounts written, int natPortRules)
    {
        _natPortRules = natPortRules;
        _filterRules = written.Filter == 0 ? _filterRules : written.Filter;
        _natSharedRules = written.NatShared == 0 ? _natSharedRules : written.NatShared;
        Figures = Figures is { } figures ? figures with { Written = written, FilterTotal = _filterRules, NatTotal = _natSharedRules + natPortRules } : null;
    }

    private async Task<IptablesListing?> ListAsync(string table, CancellationToken cancellation)
    {
        (IptablesListing? listing, string error) = await IptablesListing.ReadAsync(runner, tools, table, cancellation);
        if (listing is null)
        {
            log.NotListed(Family, error);
        }

        return listing;
    }

    /// <summary>Adds the deletion of the chain of egress masquerade if an agent wrote it for which that was on.</summary>
    private async Task<RestoreAdditions> WithSurplusEgressAsync(RestoreAdditions additions, FamilyRules rules, IptablesListing? nat, CancellationToken cancellation)
    {
        if (rules.Settings.Egress is not null || nat is null || !nat.Chains("nat").Contains(JumpRule.EgressChain))
        {
            return additions;
        }

        (bool isThere, _) = await MissingJumps.FindAsync(runner, tools, JumpRule.Egress, nat, cancellation);
        return additions with { RemovesEgressChain = true, SurplusEgressJumps = isThere ? Math.Max(1, nat.Count(JumpRule.Egress)) : 0 };
    }

    /// <summary>Chains with a name of ours that the rules do not have (spec 5.9); foreign ones are never touched.</summary>
    private static ChainName[] StaleChains(IptablesListing? nat, FamilyRules rules)
    {
        if (nat is null)
        {
            return [];
        }

        IReadOnlySet<ChainName> needed = IptablesRenderer.PortChains(rules);
        List<ChainName> stale = [];
        foreach (string chain in nat.Chains("nat"))
        {
            if (ChainName.TryParse(chain, out ChainName name) && !needed.Contains(name))
            {
                stale.Add(name);
            }
        }

        stale.Sort(static (left, right) => left.Kind != right.Kind ? left.Kind.CompareTo(right.Kind) : left.Hash.CompareTo(right.Hash));
        return [.. stale];
    }
}
