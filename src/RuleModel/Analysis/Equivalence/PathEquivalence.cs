using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Compares the ways that two rule sets have for the packets of one origin to one destination. Each side's ways are pieces of
/// the same space; it is cut along one dimension after the other until all ways that are left apply to the same packets, and
/// then what becomes of them must be equally likely. A piece with one result on both sides is not cut further, and ways that
/// both sides have are taken away first: what they add is equal everywhere.
/// </summary>
/// <param name="family">The family.</param>
/// <param name="factsA">The first rule set.</param>
/// <param name="factsB">The second.</param>
internal sealed partial class PathEquivalence(IpFamily family, RuleFacts factsA, RuleFacts factsB)
{
    /// <summary>Shares that differ less, relative to themselves, are equal: what adding up doubles loses.</summary>
    private const double Slack = 1e-6;

    /// <summary>What iptables can express at all.</summary>
    private const double ChanceUnit = 1.0 / 0x80000000L;

    private readonly List<WalkState> _ways = [];
    private readonly List<int> _results = [];
    private readonly List<(int PathCondition, bool IsTrue)[]?> _conditionsOf = [];
    private readonly Dictionary<WalkResult, int> _numbers = [];
    private readonly List<WalkResult> _all = [];
    private readonly Dictionary<(string, int, string), int> _literalNumbers = [];
    private readonly List<PathCondition> _conditions = [];
    private readonly List<PathPlace> _places = [];
    private readonly Dictionary<(MarkBits, string?, int, int), int> _restNumbers = [];
    private readonly Dictionary<string, int> _literalTexts = new(StringComparer.Ordinal);
    private readonly SetInterner _sets = new();
    private double[] _restA = [];
    private double[] _restB = [];
    private int _split;
    private Action<ComparedCell, List<ResultShare>, List<ResultShare>>? _report;

    /// <summary>The conditions that the ways depend on.</summary>
    public IReadOnlyList<PathCondition> Conditions => _conditions;

    /// <summary>Compares.</summary>
    /// <param name="a">The ways of the first rule set.</param>
    /// <param name="b">Those of the second.</param>
    /// <param name="report">Receives each piece with another result, and the results of both.</param>
    public void Compare(List<WalkState> a, List<WalkState> b, Action<ComparedCell, List<ResultShare>, List<ResultShare>> report)
    {
        _ways.Clear();
        _results.Clear();
        _conditionsOf.Clear();
        _numbers.Clear();
        _all.Clear();
        _literalNumbers.Clear();
        _conditions.Clear();
        _places.Clear();
        _restNumbers.Clear();
        _literalTexts.Clear();
        _sets.Clear();
        Add(a, factsA, isA: true);
        _split = _ways.Count;
        Add(b, factsB, isA: false);
        _report = report;
        _restA = new double[_restNumbers.Count];
        _restB = new double[_restNumbers.Count];
        ByProtocol(default, WithoutCommon());
    }

    /// <summary>Leaves out the ways that both sides have for the very same packets with the same result.</summary>
    private int[] WithoutCommon()
    {
        Dictionary<PathPlace, (double A, double B)> sums = [];
        for (int way = 0; way < _ways.Count; way++)
        {
            (double a, double b) = sums.GetValueOrDefault(_places[way]);
            double probability = _ways[way].Probability;
            sums[_places[way]] = way < _split ? (a + probability, b) : (a, b + probability);
        }

        List<int> left = [];
        for (int way = 0; way < _ways.Count; way++)
        {
            (double a, double b) = sums[_places[way]];
            if (!IsEqual(a, b))
            {
                left.Add(way);
            }
        }

        return [.. left];
    }

    /// <summary>The same where all ways that are left have the same sources, ports and so on.</summary>
    private int[] WithoutCommonRest(int[] ways)
    {
        foreach (int way in ways)
        {
            (way < _split ? _restA : _restB)[_places[way].Rest] += _ways[way].Probability;
        }

        List<int> left = [];
        foreach (int way in ways)
        {
            int rest = _places[way].Rest;
            if (!IsEqual(_restA[rest], _restB[rest]))
            {
                left.Add(way);
            }
        }

        foreach (int way in ways)
        {
            _restA[_places[way].Rest] = 0;
            _restB[_places[way].Rest] = 0;
        }

        return left.Count == ways.Length ? ways : [.. left];
    }

    private void Add(List<WalkState> ways, RuleFacts facts, bool isA)
    {
        foreach (WalkState way in ways)
        {
            if (!TryReadLiterals(way, facts, isA, out (int, bool)[]? conditions))
            {
                continue;
            }

            WalkResult result = ResultOf(way, facts);
            if (!_numbers.TryGetValue(result, out int number))
            {
                number = _all.Count;
                _all.Add(result);
                _numbers.Add(result, number);
            }

            _ways.Add(way);
            _results.Add(number);
            _conditionsOf.Add(conditions);
            _places.Add(new(way.Protocols, way.Kinds, _sets.Of(way.SourcePorts), _sets.Of(way.DestinationPorts), _sets.Of(way.Sources), RestOf(way, conditions, number)));
        }
    }

    /// <summary>A number for what a way depends on besides headers, and its result.</summary>
    private int RestOf(WalkState way, (int, bool)[]? conditions, int result)
    {
        int text = 0;
        if (conditions is not null)
        {
            string words = string.Join(' ', conditions.Order());
            if (!_literalTexts.TryGetValue(words, out text))
            {
                text = _literalTexts.Count + 1;
                _literalTexts.Add(words, text);
            }
        }

        // Only the mark that a packet comes with decides whether a way is for it.
        MarkBits first = new(way.Bits.Settled, way.Bits.Value, 0, 0, 0);
        (MarkBits, string?, int, int) key = (first, way.OutputInterface, text, result);
        if (!_restNumbers.TryGetValue(key, out int number))
        {
            number = _restNumbers.Count;
            _restNumbers.Add(key, number);
        }

        return number;
    }

    /// <summary>Reads what a way took for true or false; false if it cannot be so: a list that nothing fills knows nobody.</summary>
    private bool TryReadLiterals(WalkState way, RuleFacts facts, bool isA, out (int, bool)[]? conditions)
    {
        conditions = null;
        if (way.Assumed is null)
        {
            return true;
        }

        List<(int, bool)> read = [];
        for (AssumedCondition? link = way.Assumed; link is not null; link = link.Before)
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
            if (!_literalNumbers.TryGetValue(key, out int number))
            {
                number = _conditions.Count;
                _conditions.Add(new(endpoint, link.Condition.Seconds, link.Condition.Text));
                _literalNumbers.Add(key, number);
            }

            if (!link.Condition.IsUnknown)
            {
                _conditions[number].ListA = isA ? link.Condition.List : _conditions[number].ListA;
                _conditions[number].ListB = isA ? _conditions[number].ListB : link.Condition.List;
            }

            read.Add((number, link.IsTrue));
        }

        read.Reverse();
        conditions = [.. read];
        return true;
    }

    private static WalkResult ResultOf(WalkState way, RuleFacts facts)
    {
        string unknown = way.Unknown is null ? "" : Words(way.Unknown);
        if (way.Verdict != WalkVerdict.Accept)
        {
            return new(way.Verdict, way.Verdict == WalkVerdict.Reject ? RejectTexts.Canonical(way.RejectWith) : "", null, 0, IsMasqueraded: false, "", unknown);
        }

        string remembered = "";
        for (WalkState.WordLink? link = way.Remembered; link is not null; link = link.Before)
        {
            if (facts.IsAsked(link.Word))
            {
                remembered = remembered.Length == 0 ? facts.NameOf(link.Word) : facts.NameOf(link.Word) + ", " + remembered;
            }
        }

        ushort port = !way.IsRewritten ? (ushort)0 : way.NewPort >= 0 ? (ushort)way.NewPort : way.DestinationPorts.IsSingle ? way.DestinationPorts.First : (ushort)0;
        return new(way.Verdict, "", way.IsRewritten ? way.Destination : null, port, way.IsMasqueraded, remembered, unknown);
    }

    private static string Words(WalkState.WordLink? link)
    {
        List<string> words = [];
        for (; link is not null; link = link.Before)
        {
            words.Add(link.Word);
        }

        words.Reverse();
        return string.Join(", ", words);
    }

    /// <summary>Whether all ways have one result, so that it does not matter which of them a packet goes.</summary>
    private bool IsSettled(int[] ways)
    {
        if (ways.Length == 0)
        {
            return true;
        }

        int result = _results[ways[0]];
        bool hasA = false;
        bool hasB = false;
        foreach (int way in ways)
        {
            if (_results[way] != result)
            {
                return false;
            }

            hasA |= way < _split;
            hasB |= way >= _split;
        }

        return hasA && hasB;
    }

    /// <summary>All ways that are left apply: adds up and compares.</summary>
    private void Finish(in ComparedCell cell, int[] ways)
    {
        Span<double> a = _all.Count <= 256 ? stackalloc double[_all.Count] : new double[_all.Count];
        Span<double> b = _all.Count <= 256 ? stackalloc double[_all.Count] : new double[_all.Count];
        a.Clear();
        b.Clear();
        foreach (int way in ways)
        {
            (way < _split ? a : b)[_results[way]] += _ways[way].Probability;
        }

        bool isEqual = true;
        for (int result = 0; result < a.Length && isEqual; result++)
        {
            isEqual = IsEqual(a[result], b[result]);
        }

        if (isEqual || !CanBe(cell))
        {
            return;
        }

        ComparedCell point = PointOf(cell);
        a.Clear();
        b.Clear();
        for (int way = 0; way < _ways.Count; way++)
        {
            if (IsFor(way, point))
            {
                (way < _split ? a : b)[_results[way]] += _ways[way].Probability;
            }
        }

        _report!(point, Shares(a), Shares(b)); // set before anything is compared
    }

    /// <summary>One packet of a piece; what no way that was left asked for is as simple as it can be.</summary>
    private ComparedCell PointOf(in ComparedCell cell)
    {
        string? output = cell.OutputInterface;
        foreach (WalkState way in _ways)
        {
            output ??= way.OutputInterface;
        }

        return cell with
        {
            Protocols = (ProtocolSet)((int)cell.Protocols & -(int)cell.Protocols),
            Kinds = (ConnectionKinds)((int)cell.Kinds & -(int)cell.Kinds),
            OutputInterface = output,
            Source = PleasantSource(cell.Sources),
        };
    }

    private UInt128 PleasantSource(AddressRange range)
    {
        UInt128 pleasant = IpAddress.Parse(family == IpFamily.IPv4 ? "203.0.113.9" : "2001:db8::9").ToBits();

        // The first address of a prefix is nobody's.
        return range.Contains(pleasant) ? pleasant : range.IsSingle ? range.First : range.First + 1;
    }

    /// <summary>Whether a way is for a packet.</summary>
    private bool IsFor(int number, in ComparedCell point)
    {
        WalkState way = _ways[number];
        if ((way.Protocols & point.Protocols) == 0 || (way.Kinds & point.Kinds) == 0
            || (way.Bits.Settled & (way.Bits.Value ^ point.Mark)) != 0
            || !way.DestinationPorts.Contains(point.DestinationPort) || !way.SourcePorts.Contains(point.SourcePort)
            || !way.Sources.Contains(point.Source)
            || (way.OutputInterface is not null && way.OutputInterface != point.OutputInterface))
        {
            return false;
        }

        foreach ((int condition, bool isTrue) in _conditionsOf[number] ?? [])
        {
            if ((point.Find(condition) ?? false) != isTrue)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether two shares are one.</summary>
    public static bool IsEqual(double left, double right) => Math.Abs(left - right) <= (Slack * Math.Max(left, right)) + ChanceUnit;

    /// <summary>A client that was seen in the last 90 seconds was seen in the last 100.</summary>
    private bool CanBe(in ComparedCell cell)
    {
        for (ComparedCell.SettledCondition? known = cell.Conditions; known is not null; known = known.Before)
        {
            for (ComparedCell.SettledCondition? unknown = cell.Conditions; unknown is not null; unknown = unknown.Before)
            {
                PathCondition shorter = _conditions[known.PathCondition];
                PathCondition longer = _conditions[unknown.PathCondition];
                if (known.IsTrue && !unknown.IsTrue && shorter.Endpoint.Length != 0 && shorter.Endpoint == longer.Endpoint && longer.Seconds > shorter.Seconds)
                {
                    return false;
                }
            }
        }

        return true;
    }

    private List<ResultShare> Shares(ReadOnlySpan<double> shares)
    {
        List<ResultShare> results = [];
        for (int result = 0; result < shares.Length; result++)
        {
            if (shares[result] > 0)
            {
                results.Add(new(_all[result], shares[result]));
            }
        }

        return results;
    }
}
