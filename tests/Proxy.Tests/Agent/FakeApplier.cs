using KubeProxySharp.Proxy.Appliers;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Tests.Agent;

/// <summary>A kernel that takes rules as values, and can be told to misbehave.</summary>
internal sealed class FakeApplier(IpFamily family) : IRuleApplier
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
        return ApplyAsync("update", change.After, cancellation);
    }

    public Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation)
    {
        Note("try");
        return Task.FromResult(Judge(rules));
    }

    private async Task<ApplyResult> ApplyAsync(string call, FamilyRules rules, CancellationToken cancellation)
    {
        Note(call);
        await Before(cancellation);
        ApplyResult result = Scripted.TryDequeue(out ApplyResult scripted) ? scripted : Judge(rules);
        if (result.IsApplied)
        {
            Kernel = rules;
        }

        return result;
    }

    private ApplyResult Judge(FamilyRules rules) =>
        rules.Services.Keys.FirstOrDefault(Refused.Contains) is { Name: not null } bad
            ? new(ApplyOutcome.Refused, $"no room for {bad}")
            : ApplyResult.Applied;

    private void Note(string call)
    {
        lock (_gate)
        {
            _calls.Add(call);
        }
    }
}
