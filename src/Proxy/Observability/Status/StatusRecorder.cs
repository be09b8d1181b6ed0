using System.Collections.Immutable;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Observability.Status;

/// <summary>
/// What the agent did last. The sync loop replaces immutable values, each with one writer at a time, so that it never waits for
/// a reader.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class StatusRecorder(TimeProvider time)
{
    /// <summary>The most items of each list.</summary>
    public const int MostItems = 20;

    /// <summary>The most messages about objects.</summary>
    private const int MostMessages = 10;

    /// <summary>Longer errors are truncated.</summary>
    private const int MostErrorLength = 400;

    private readonly FamilyRecord[] _families = [new(), new()];
    private volatile ImmutableSortedDictionary<NamespacedName, RefusedServiceStatus> _refused = ImmutableSortedDictionary<NamespacedName, RefusedServiceStatus>.Empty;
    private volatile ProblemStatus _problems = new(0, 0, [], []);
    private volatile ApiProblem? _apiProblem;

    /// <summary>When the agent started.</summary>
    public DateTimeOffset Since { get; } = time.GetUtcNow();

    /// <summary>The Services that the kernel refuses.</summary>
    public ImmutableSortedDictionary<NamespacedName, RefusedServiceStatus> RefusedServices => _refused;

    /// <summary>What is wrong with objects.</summary>
    public ProblemStatus Problems => _problems;

    /// <summary>The last problem with the API server; null if there was none.</summary>
    public ApiProblem? LastApiProblem => _apiProblem;

    /// <summary>What is known of a family.</summary>
    public FamilyRecord Of(IpFamily family) => _families[(int)family];

    /// <summary>The rules that the kernel has, of each family that has been written.</summary>
    public IReadOnlyList<FamilyRules> WrittenRules() => [.. _families.Select(static family => family.Rules).OfType<FamilyRules>()];

    /// <summary>Records a sync.</summary>
    /// <param name="family">The family.</param>
    /// <param name="sync">The sync.</param>
    /// <param name="written">What the kernel has now; null if the sync failed.</param>
    public void Synced(IpFamily family, SyncStatus sync, FamilyRules? written)
    {
        FamilyRecord record = Of(family);
        record.LastSync = sync;
        record.Rules = written ?? record.Rules;
    }

    /// <summary>Records a change by another program.</summary>
    public void Drifted(IpFamily family, string what)
    {
        FamilyRecord record = Of(family);
        record.Drift = record.Drift with { LastAt = time.GetUtcNow(), LastWhat = Shorten(what) };
    }

    /// <summary>Records its repair.</summary>
    public void Repaired(IpFamily family)
    {
        FamilyRecord record = Of(family);
        record.Drift = record.Drift with { Repaired = record.Drift.Repaired + 1 };
    }

    /// <summary>Records a Service that the kernel refuses.</summary>
    public void Refused(NamespacedName service, IpFamily family, string error) =>
        _refused = _refused.SetItem(service, new($"{service}", $"{family}", Shorten(error), time.GetUtcNow()));

    /// <summary>Sets which Services the kernel refuses.</summary>
    public void SetRefused(IReadOnlyCollection<NamespacedName> services) =>
        _refused = _refused.RemoveRange(_refused.Keys.Except(services));

    /// <summary>Sets the numbers of problems of objects.</summary>
    public void ProblemsCounted(int errors, int warnings) => _problems = _problems with { Errors = errors, Warnings = warnings };

    /// <summary>Records a message about an object.</summary>
    public void ProblemFound(string message) => _problems = _problems with { Latest = [.. _problems.Latest.TakeLast(MostMessages - 1), Shorten(message)] };

    /// <summary>Sets what is wrong with the addresses of the node.</summary>
    public void SetNodeProblems(IReadOnlyList<string> problems) => _problems = _problems with { Node = [.. problems.Take(MostMessages).Select(Shorten)] };

    /// <summary>Records a problem with the API server.</summary>
    public void ApiFailed(string resource, string problem) => _apiProblem = new($"{resource}: {Shorten(problem)}", time.GetUtcNow());

    /// <summary>Sets the health-check node ports of a family.</summary>
    public void SetHealthCheckPorts(IpFamily family, int total, IReadOnlyList<HealthCheckPortStatus> first) =>
        Of(family).HealthCheckPorts = new(total, first);

    private static string Shorten(string text)
    {
        string line = text.Trim().ReplaceLineEndings(" ");
        return line.Length <= MostErrorLength ? line : line[..MostErrorLength] + "…";
    }
}

/// <summary>What is known of a family. Each value is immutable and is replaced as a whole.</summary>
internal sealed class FamilyRecord
{
    private volatile SyncStatus? _lastSync;
    private volatile FamilyRules? _rules;
    private volatile DriftStatus _drift = new(null, 0, null, "");
    private volatile BoundedList<HealthCheckPortStatus> _healthCheckPorts = new(0, []);

    /// <summary>The last sync; null before the first.</summary>
    public SyncStatus? LastSync { get => _lastSync; set => _lastSync = value; }

    /// <summary>What the kernel has; null before the first success.</summary>
    public FamilyRules? Rules { get => _rules; set => _rules = value; }

    /// <summary>Changes by other programs, without whether one remains.</summary>
    public DriftStatus Drift { get => _drift; set => _drift = value; }

    /// <summary>The health-check node ports.</summary>
    public BoundedList<HealthCheckPortStatus> HealthCheckPorts { get => _healthCheckPorts; set => _healthCheckPorts = value; }
}

/// <summary>A problem with the API server.</summary>
/// <param name="Text">The resource and the problem.</param>
/// <param name="At">When it was reported.</param>
internal sealed record ApiProblem(string Text, DateTimeOffset At);
