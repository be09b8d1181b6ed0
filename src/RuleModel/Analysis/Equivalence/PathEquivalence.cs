using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Compares the paths that two rule sets have for the packets of one origin to one destination. Each side's paths are parts of
/// the same space; <see cref="PathPartition"/> cuts it along one dimension after the other until all paths that are left apply to the same packets, and
/// then what becomes of them must be equally likely. Paths that
/// both sides have are taken away first: what they add is equal everywhere.
/// </summary>
internal sealed class PathEquivalence
{
    /// <summary>Shares that differ less, relative to themselves, are equal: what adding up doubles loses.</summary>
    private const double Slack = 1e-6;

    /// <summary>What iptables can express at all.</summary>
    private const double ChanceUnit = 1.0 / 0x80000000L;

    private readonly IpFamily _family;
    private readonly RuleFacts _factsA;
    private readonly RuleFacts _factsB;
    private readonly PathTable _table = new();
    private readonly PathPartition _partition;
    private double[] _restA = [];
    private double[] _restB = [];
    private DifferenceReport? _report;
    private bool _isEnough;

    /// <summary>Prepares comparisons.</summary>
    /// <param name="family">The family.</param>
    /// <param name="factsA">The first rule set.</param>
    /// <param name="factsB">The second.</param>
    public PathEquivalence(IpFamily family, RuleFacts factsA, RuleFacts factsB)
    {
        _family = family;
        _factsA = factsA;
        _factsB = factsB;
        _partition = new(_table, this);
    }

    /// <summary>Ends a comparison.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>The conditions that the paths depend on.</summary>
    public IReadOnlyList<PathCondition> Conditions => _table.Conditions;

    /// <summary>Compares.</summary>
    /// <param name="a">The paths of the first rule set.</param>
    /// <param name="b">Those of the second.</param>
    /// <param name="report">Receives each part with another result.</param>
    public void Compare(List<WalkState> a, List<WalkState> b, DifferenceReport report)
    {
        _isEnough = false;
        _table.Fill(a, _factsA, b, _factsB);
        _report = report;
        _restA = new double[_table.RestCount];
        _restB = new double[_table.RestCount];
        _partition.ByProtocol(default, WithoutCommon());
    }

    /// <summary>Leaves out the paths that both sides have for the very same packets with the same result.</summary>
    private int[] WithoutCommon()
    {
        Dictionary<PathPlace, (double A, double B)> sums = [];
        for (int path = 0; path < _table.Paths.Count; path++)
        {
            (double a, double b) = sums.GetValueOrDefault(_table.Places[path]);
            double probability = _table.Paths[path].Probability;
            sums[_table.Places[path]] = path < _table.Split ? (a + probability, b) : (a, b + probability);
        }

        List<int> left = [];
        for (int path = 0; path < _table.Paths.Count; path++)
        {
            (double a, double b) = sums[_table.Places[path]];
            if (!IsEqual(a, b))
            {
                left.Add(path);
            }
        }

        return [.. left];
    }

    /// <summary>The same where all paths that are left have the same sources, ports and so on.</summary>
    public int[] WithoutCommonRest(int[] paths)
    {
        foreach (int path in paths)
        {
            (path < _table.Split ? _restA : _restB)[_table.Places[path].Rest] += _table.Paths[path].Probability;
        }

        List<int> left = [];
        foreach (int path in paths)
        {
            int rest = _table.Places[path].Rest;
            if (!IsEqual(_restA[rest], _restB[rest]))
            {
                left.Add(path);
            }
        }

        foreach (int path in paths)
        {
            _restA[_table.Places[path].Rest] = 0;
            _restB[_table.Places[path].Rest] = 0;
        }

        return left.Count == paths.Length ? paths : [.. left];
    }

    /// <summary>All paths that are left apply: adds up and compares.</summary>
    public void Finish(in ComparedCell cell, int[] paths)
    {
        if (_isEnough)
        {
            return;
        }

        Span<double> a = _table.AllResults.Count <= 256 ? stackalloc double[_table.AllResults.Count] : new double[_table.AllResults.Count];
        Span<double> b = _table.AllResults.Count <= 256 ? stackalloc double[_table.AllResults.Count] : new double[_table.AllResults.Count];
        a.Clear();
        b.Clear();
        foreach (int path in paths)
        {
            (path < _table.Split ? a : b)[_table.Results[path]] += _table.Paths[path].Probability;
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
        for (int path = 0; path < _table.Paths.Count; path++)
        {
            if (IsFor(path, point))
            {
                (path < _table.Split ? a : b)[_table.Results[path]] += _table.Paths[path].Probability;
            }
        }

        _isEnough = !_report!(point, Shares(a), Shares(b)); // set before anything is compared
    }

    /// <summary>One packet of a part; what no path that was left asked for is as simple as it can be.</summary>
    private ComparedCell PointOf(in ComparedCell cell)
    {
        string? output = cell.OutputInterface;
        foreach (WalkState path in _table.Paths)
        {
            output ??= path.OutputInterface;
        }

        return cell with
        {
            Protocols = (ProtocolSet)((int)cell.Protocols & -(int)cell.Protocols),
            Kinds = (ConnectionKinds)((int)cell.Kinds & -(int)cell.Kinds),
            OutputInterface = output,
            Source = PreferredSource(cell.Sources),
        };
    }

    private UInt128 PreferredSource(AddressRange range)
    {
        UInt128 preferred = IpAddress.Parse(_family == IpFamily.IPv4 ? "203.0.113.9" : "2001:db8::9").ToBits();

        // The first address of a prefix is nobody's.
        return range.Contains(preferred) ? preferred : range.IsSingle ? range.First : range.First + 1;
    }

    /// <summary>Whether a path is for a packet.</summary>
    private bool IsFor(int number, in ComparedCell point)
    {
        WalkState path = _table.Paths[number];
        if ((path.Protocols & point.Protocols) == 0 || (path.Kinds & point.Kinds) == 0
            || (path.Bits.Settled & (path.Bits.Value ^ point.Mark)) != 0
            || !path.DestinationPorts.Contains(point.DestinationPort) || !path.SourcePorts.Contains(point.SourcePort)
            || !path.Sources.Contains(point.Source)
            || (path.OutputInterface is not null && path.OutputInterface != point.OutputInterface))
        {
            return false;
        }

        foreach ((int condition, bool isTrue) in _table.ConditionsOf[number] ?? [])
        {
            if ((point.Find(condition) ?? false) != isTrue)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether no more differences are wanted.</summary>
    public bool IsEnough => _isEnough;

    /// <summary>Whether two shares are one.</summary>
    public static bool IsEqual(double left, double right) => Math.Abs(left - right) <= (Slack * Math.Max(left, right)) + ChanceUnit;

    /// <summary>A client that was seen in the last 90 seconds was seen in the last 100.</summary>
    private bool CanBe(in ComparedCell cell)
    {
        for (ComparedCell.SettledCondition? known = cell.Conditions; known is not null; known = known.Before)
        {
            for (ComparedCell.SettledCondition? unknown = cell.Conditions; unknown is not null; unknown = unknown.Before)
            {
                PathCondition shorter = _table.Conditions[known.Condition];
                PathCondition longer = _table.Conditions[unknown.Condition];
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
                results.Add(new(_table.AllResults[result], shares[result]));
            }
        }

        return results;
    }
}

/// <summary>Receives a part of the packets that two rule sets treat differently.</summary>
/// <param name="cell">A packet of the part.</param>
/// <param name="a">What becomes of it in the first rule set.</param>
/// <param name="b">What becomes of it in the second.</param>
/// <returns>Whether there may be more: false if what was reported is enough.</returns>
internal delegate bool DifferenceReport(ComparedCell cell, List<ResultShare> a, List<ResultShare> b);
