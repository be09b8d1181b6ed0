using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Tests.Agent.Host;

/// <summary>A kernel that takes rules as values, and can be told to misbehave.</summary>
internal sealed class FakeApplier(IpFamily family) : IRuleApplier, IGroupTrials
{
    private readonly Lock _gate = new();
    private readonly List<string> _calls = [];

    public IpFamily Family => family;

    public ApplyFigures? Figures => null;

    /// <summary>The rules in the kernel; null before any and after somebody flushed them.</summary>
    public FamilyRules? Kernel { get; set; }

    /// <summary>Services whose rules the kernel refuses.</summary>
    public HashSet<NamespacedName> Refused { get; } = [];

    /// <summary>The results of the next calls, before the kernel decides by itself again.</summary>
    public Queue<ApplyResult> Scripted { get; } = new();

    /// <summary>Runs before each call that would change the kernel.</summary>
    public Func<CancellationToken, Task> Before { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Whether a Service is proven by applying it, as in nftables mode, or by trials, as in iptables mode.</summary>
    public bool HasCheapUpdates { get; set; } = true;

    public bool TriesOnlyForm { get; set; }

    /// <summary>Whether many groups are tried in one call, as iptables-restore does.</summary>
    public bool TriesManyGroups { get; set; }

    public IGroupTrials? GroupTrials => TriesManyGroups ? this : null;

    public Task<GroupTrial> TryGroupsAsync(IReadOnlyList<FamilyRules> groups, CancellationToken cancellation)
    {
        Note("try");
        int taken = groups.TakeWhile(group => TriesOnlyForm || Judge(group.Services.Keys).IsApplied).Count();
        return Task.FromResult(new GroupTrial(taken, taken == groups.Count ? ApplyResult.Applied : Judge(groups[taken].Services.Keys)));
    }

    /// <summary>Whether an earlier run left rules.</summary>
    public bool HasOldRules { get; set; }

    /// <summary>Whether errors name the lines of the Services that are refused.</summary>
    public bool NamesLines { get; set; }

    /// <summary>Whether answers say which Services are refused, as those of the kernel to netlink messages do.</summary>
    public bool NamesServices { get; set; }

    /// <summary>Whether something is refused that belongs to no Service.</summary>
    public bool RefusesShared { get; set; }

    /// <summary>Whether somebody deleted the rules unseen, so that the kernel refuses updates until a full sync.</summary>
    public bool IsBaseMissing { get; set; }

    public Task<bool> HasRulesAsync(CancellationToken cancellation) => Task.FromResult(HasOldRules);

    /// <summary>What was called so far: full, update, try.</summary>
    public string[] Calls
    {
        get
        {
            lock (_gate)
            {
                return [.. _calls];
            }
        }
    }

    public bool CanUpdate(FamilyChange change) => change.Before.Settings.MasqueradeMark == change.After.Settings.MasqueradeMark;

    public Task<ApplyResult> ApplyFullAsync(FamilyRules rules, CancellationToken cancellation) => ApplyAsync("full", rules, cancellation);

    public Task<ApplyResult> ApplyUpdateAsync(FamilyChange change, CancellationToken cancellation)
    {
        (Kernel is not null && change.Before.HasSameContentAs(Kernel)).Should().BeTrue("an update builds on what the kernel has");

        // An update has nothing of what stays as it is.
        NamespacedName[] written = [.. change.Ports.AsSpan().ToArray().Where(static port => port.New is not null).Select(static port => port.Name.Service)];
        return ApplyAsync("update", change.After, cancellation, written);
    }

    public Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation)
    {
        Note("try");
        return Task.FromResult(TriesOnlyForm ? ApplyResult.Applied : Judge(rules.Services.Keys));
    }

    private async Task<ApplyResult> ApplyAsync(string call, FamilyRules rules, CancellationToken cancellation, IEnumerable<NamespacedName>? written = null)
    {
        Note(call);
        await Before(cancellation);
        IsBaseMissing &= call == "update";
        ApplyResult result = Scripted.TryDequeue(out ApplyResult scripted) ? scripted
            : IsBaseMissing ? new(ApplyOutcome.Refused, "no such table") { RefusedServices = NamesServices ? [.. (written ?? []).Select(static name => new RefusedService(name, "no such table"))] : null }
            : Judge(written ?? rules.Services.Keys);
        if (result.IsApplied)
        {
            Kernel = rules;
        }

        return result;
    }

    private ApplyResult Judge(IEnumerable<NamespacedName> services)
    {
        NamespacedName[] bad = [.. services.Where(Refused.Contains).Distinct().Order()];
        return bad.Length == 0 && !RefusesShared ? ApplyResult.Applied : new(ApplyOutcome.Refused, $"no room for {bad.FirstOrDefault()}")
        {
            RefusedServices = NamesServices ? [.. bad.Select(static name => new RefusedService(name, $"no room for {name}"))] : null,
            RefusesShared = RefusesShared,
            Complaints = NamesLines ? [.. bad.Select(name => $"add element ip kube-proxy service-ips {{ 10.0.0.0 . tcp . 80 comment \"{name}:http\" : drop }}")] : null,
        };
    }

    private void Note(string call)
    {
        lock (_gate)
        {
            _calls.Add(call);
        }
    }

    public TimeSpan? UntilCleanUp { get; set; }

    public int CleanUps { get; private set; }

    public Task CleanUpAsync(CancellationToken cancellation)
    {
        CleanUps++;
        UntilCleanUp = null;
        return Task.CompletedTask;
    }
}
