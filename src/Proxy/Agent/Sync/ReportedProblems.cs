using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>What is wrong with the Services, or with the EndpointSlices, now: only those with problems take room.</summary>
internal sealed class ReportedProblems
{
    private readonly Dictionary<NamespacedName, IReadOnlyList<Problem>> _known = [];
    private readonly int[] _counts = new int[2];

    /// <summary>How many problems of a severity there are.</summary>
    public int Count(ProblemSeverity severity) => _counts[(int)severity];

    /// <summary>Takes over what is wrong with an object now.</summary>
    /// <param name="name">The object.</param>
    /// <param name="problems">All its problems; none if it has none, or is gone.</param>
    /// <returns>Those that were not known: an object that is reported again is no news.</returns>
    public IReadOnlyList<Problem> Replace(NamespacedName name, IReadOnlyList<Problem> problems)
    {
        IReadOnlyList<Problem> before = [];
        if (_known.Remove(name, out IReadOnlyList<Problem>? known))
        {
            before = known;
            Add(known, -1);
        }

        if (problems.Count == 0)
        {
            return [];
        }

        _known[name] = problems;
        Add(problems, 1);
        return [.. problems.Where(problem => !before.Contains(problem))];
    }

    private void Add(IReadOnlyList<Problem> problems, int sign)
    {
        foreach (Problem problem in problems)
        {
            _counts[(int)problem.Severity] += sign;
        }
    }
}
