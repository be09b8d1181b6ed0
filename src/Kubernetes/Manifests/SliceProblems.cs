using System.Globalization;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>
/// Collects the problems of the entries that are left out of an EndpointSlice. A slice may have a thousand endpoints with the
/// same problem, so only the first few are reported one by one, and the others are counted.
/// </summary>
internal sealed class SliceProblems
{
    private const int MaxReported = 5;

    private readonly List<(string Field, string Reason)> _reported = [];
    private int _unreported;

    /// <summary>Whether the next problem will be reported; if not, its text need not be made.</summary>
    public bool HasRoom => _reported.Count < MaxReported;

    /// <summary>Clears the problems, for a new slice.</summary>
    public void Clear()
    {
        _reported.Clear();
        _unreported = 0;
    }

    /// <summary>Adds a problem.</summary>
    /// <param name="field">The path of the field, such as <c>endpoints[1].addresses[0]</c>.</param>
    /// <param name="reason">What is wrong and what was done about it.</param>
    public void Add(string field, string reason)
    {
        if (HasRoom)
        {
            _reported.Add((field, reason));
        }
        else
        {
            _unreported++;
        }
    }

    /// <summary>Counts a problem that is not reported one by one.</summary>
    public void Count() => _unreported++;

    /// <summary>The problems of a slice; the shared empty list for a sound one.</summary>
    public EquatableArray<Problem> Of(NamespacedName slice)
    {
        if (_reported.Count == 0)
        {
            return default;
        }

        List<Problem> problems = [.. _reported.Select(problem => NewProblem(slice, problem.Field, problem.Reason))];
        if (_unreported != 0)
        {
            problems.Add(NewProblem(slice, "", string.Create(CultureInfo.InvariantCulture, $"{_unreported} more entries cannot be used and are left out")));
        }

        return EquatableArray.CopyOf(problems);
    }

    private static Problem NewProblem(NamespacedName slice, string field, string reason) =>
        new(ProblemSeverity.Warning, "EndpointSlice", slice, field, reason);
}
