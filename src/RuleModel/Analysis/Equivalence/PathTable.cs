using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// The paths of two rule sets for the packets of one origin to one destination, with their results and conditions as numbers
/// that both rule sets share.
/// </summary>
internal sealed class PathTable
{
    private readonly Dictionary<WalkResult, int> _numbers = [];
    private readonly Dictionary<(string, int, string), int> _conditionNumbers = [];
    private readonly Dictionary<(MarkBits, string?, int, int), int> _restNumbers = [];
    private readonly Dictionary<string, int> _conditionTexts = new(StringComparer.Ordinal);
    private readonly SetInterner _sets = new();

    /// <summary>The paths of the first rule set, then those of the second.</summary>
    public List<WalkState> Paths { get; } = [];

    /// <summary>The index of the first path of the second rule set.</summary>
    public int Split { get; private set; }

    /// <summary>The result of each path, as an index into <see cref="AllResults"/>.</summary>
    public List<int> Results { get; } = [];

    /// <summary>The conditions of each path, by their number; null for a path without conditions.</summary>
    public List<(int Condition, bool IsTrue)[]?> ConditionsOf { get; } = [];

    /// <summary>Which packets each path applies to.</summary>
    public List<PathPlace> Places { get; } = [];

    /// <summary>The different results.</summary>
    public List<WalkResult> AllResults { get; } = [];

    /// <summary>The conditions that paths depend on.</summary>
    public List<PathCondition> Conditions { get; } = [];

    /// <summary>How many different values <see cref="PathPlace.Rest"/> has.</summary>
    public int RestCount => _restNumbers.Count;

    /// <summary>Replaces the content by the paths of two rule sets.</summary>
    public void Fill(List<WalkState> a, RuleFacts factsA, List<WalkState> b, RuleFacts factsB)
    {
        Paths.Clear();
        Results.Clear();
        ConditionsOf.Clear();
        _numbers.Clear();
        AllResults.Clear();
        _conditionNumbers.Clear();
        Conditions.Clear();
        Places.Clear();
        _restNumbers.Clear();
        _conditionTexts.Clear();
        _sets.Clear();
        Add(a, factsA, isA: true);
        Split = Paths.Count;
        Add(b, factsB, isA: false);
    }

    /// <summary>Whether all paths have one result, so that it does not matter which of them a packet goes.</summary>
    public bool IsSettled(int[] paths)
    {
        if (paths.Length == 0)
        {
            return true;
        }

        int result = Results[paths[0]];
        bool hasA = false;
        bool hasB = false;
        foreach (int path in paths)
        {
            if (Results[path] != result)
            {
                return false;
            }

            hasA |= path < Split;
            hasB |= path >= Split;
        }

        return hasA && hasB;
    }

    private void Add(List<WalkState> paths, RuleFacts facts, bool isA)
    {
        foreach (WalkState path in paths)
        {
            if (!TryReadConditions(path, facts, isA, out (int, bool)[]? conditions))
            {
                continue;
            }

            WalkResult result = ResultOf(path, facts);
            if (!_numbers.TryGetValue(result, out int number))
            {
                number = AllResults.Count;
                AllResults.Add(result);
                _numbers.Add(result, number);
            }

            Paths.Add(path);
            Results.Add(number);
            ConditionsOf.Add(conditions);
            Places.Add(new(path.Protocols, path.Kinds, _sets.Of(path.SourcePorts), _sets.Of(path.DestinationPorts), _sets.Of(path.Sources), RestOf(path, conditions, number)));
        }
    }

    /// <summary>A number for what a path depends on besides headers, and its result.</summary>
    private int RestOf(WalkState path, (int, bool)[]? conditions, int result)
    {
        int text = 0;
        if (conditions is not null)
        {
            string joined = string.Join(' ', conditions.Order());
            if (!_conditionTexts.TryGetValue(joined, out text))
            {
                text = _conditionTexts.Count + 1;
                _conditionTexts.Add(joined, text);
            }
        }

        // Only the mark that a packet comes with decides whether a path is for it.
        MarkBits first = new(path.Bits.Settled, path.Bits.Value, 0, 0, 0);
        (MarkBits, string?, int, int) key = (first, path.OutputInterface, text, result);
        if (!_restNumbers.TryGetValue(key, out int number))
        {
            number = _restNumbers.Count;
            _restNumbers.Add(key, number);
        }

        return number;
    }

    /// <summary>Reads what a path took for true or false; false if it cannot be so: a list that nothing fills knows nobody.</summary>
    private bool TryReadConditions(WalkState path, RuleFacts facts, bool isA, out (int, bool)[]? conditions)
    {
        conditions = null;
        if (path.Assumed is null)
        {
            return true;
        }

        List<(int, bool)> read = [];
        for (AssumedCondition? link = path.Assumed; link is not null; link = link.Before)
        {
            if (facts.KnownOnly is { } known && !link.Condition.IsUnknown)
            {
                if (link.IsTrue != (link.Condition.List == known))
                {
                    return false;
                }

                continue;
            }

            string endpoint = link.Condition.IsUnknown ? "" : facts.NameOf(link.Condition.List);
            if (!link.Condition.IsUnknown && endpoint.Length == 0)
            {
                if (link.IsTrue)
                {
                    return false;
                }

                continue;
            }

            (string, int, string) key = (endpoint, link.Condition.Seconds, link.Condition.Text);
            if (!_conditionNumbers.TryGetValue(key, out int number))
            {
                number = Conditions.Count;
                Conditions.Add(new(endpoint, link.Condition.Seconds, link.Condition.Text));
                _conditionNumbers.Add(key, number);
            }

            if (!link.Condition.IsUnknown)
            {
                Conditions[number].ListA = isA ? link.Condition.List : Conditions[number].ListA;
                Conditions[number].ListB = isA ? Conditions[number].ListB : link.Condition.List;
            }

            read.Add((number, link.IsTrue));
        }

        read.Reverse();
        conditions = [.. read];
        return true;
    }

    private static WalkResult ResultOf(WalkState path, RuleFacts facts)
    {
        string unknown = path.Unknown is null ? "" : JoinLinks(path.Unknown);
        if (path.Verdict != WalkVerdict.Accept)
        {
            return new(path.Verdict, path.Verdict == WalkVerdict.Reject ? RejectTexts.Canonical(path.RejectWith) : "", null, 0, IsMasqueraded: false, "", unknown);
        }

        string remembered = "";
        for (WalkState.TextLink? link = path.Remembered; link is not null; link = link.Before)
        {
            if (facts.IsAsked(link.Text))
            {
                remembered = remembered.Length == 0 ? facts.NameOf(link.Text) : facts.NameOf(link.Text) + ", " + remembered;
            }
        }

        ushort port = !path.IsRewritten ? (ushort)0 : path.NewPort >= 0 ? (ushort)path.NewPort : path.DestinationPorts.IsSingle ? path.DestinationPorts.First : (ushort)0;
        return new(path.Verdict, "", path.IsRewritten ? path.Destination : null, port, path.IsMasqueraded, remembered, unknown) { NewSource = path.NewSource };
    }

    private static string JoinLinks(WalkState.TextLink? link)
    {
        List<string> texts = [];
        for (; link is not null; link = link.Before)
        {
            texts.Add(link.Text);
        }

        texts.Reverse();
        return string.Join(", ", texts);
    }
}

/// <summary>Which packets a path is for and what becomes of them; sets by numbers that are the same for the same content.</summary>
internal readonly record struct PathPlace(ProtocolSet Protocols, ConnectionKinds Kinds, int SourcePorts, int DestinationPorts, int Sources, int Rest);

/// <summary>A condition that paths of one or both rule sets depend on.</summary>
/// <param name="Endpoint">The endpoint that the client was sent to before; empty for a match that is not understood.</param>
/// <param name="Seconds">How long ago at most.</param>
/// <param name="Text">The match that is not understood.</param>
internal sealed record PathCondition(string Endpoint, int Seconds, string Text)
{
    /// <summary>The list that knows the client in the first rule set; null if that does not ask.</summary>
    public string? ListA { get; set; }

    /// <summary>The same in the second.</summary>
    public string? ListB { get; set; }
}
