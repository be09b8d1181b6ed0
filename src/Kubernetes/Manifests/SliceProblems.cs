using System.Globalization;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>
/// Collects what had to be left out of an EndpointSlice. A slice may have a thousand endpoints that are all wrong in one
/// way, so the first few are told and the others counted.
/// </summary>
internal sealed class SliceProblems
{
    private const int MostTold = 5;

    private readonly List<(string Field, string Reason)> _told = [];
    private int _untold;

    /// <summary>Whether the next one will be told; if not, its words need not be made.</summary>
    public bool HasRoom => _told.Count < MostTold;

    /// <summary>Begins with a new slice.</summary>
    public void Clear()
    {
        _told.Clear();
        _untold = 0;
    }

    /// <summary>Notes a problem.</summary>
    /// <param name="field">The path of the field, such as <c>endpoints[1].addresses[0]</c>.</param>
    /// <param name="reason">What is wrong and what was done about it.</param>
    public void Add(string field, string reason)
    {
        if (HasRoom)
        {
            _told.Add((field, reason));
        }
        else
        {
            _untold++;
        }
    }

    /// <summary>Counts a problem that there is no room for.</summary>
    public void Count() => _untold++;

    /// <summary>The problems of a slice; the shared empty list for a sound one.</summary>
    public EquatableArray<Problem> Of(NamespacedName slice)
    {
        if (_told.Count == 0)
        {
            return default;
        }

        List<Problem> problems = [.. _told.Select(told => NewProblem(slice, told.Field, told.Reason))];
        if (_untold != 0)
        {
            problems.Add(NewProblem(slice, "", string.Create(CultureInfo.InvariantCulture, $"{_untold} more entries cannot be used and are left out")));
        }

        return EquatableArray.CopyOf(problems);
    }

    private static Problem NewProblem(NamespacedName slice, string field, string reason) =>
        new(ProblemSeverity.Warning, "EndpointSlice", slice, field, reason);
}
