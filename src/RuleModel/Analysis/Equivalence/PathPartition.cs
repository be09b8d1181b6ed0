using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Cuts the space of packets along one dimension after the other, until all paths that are left apply to the same packets.
/// A part with one result on both sides is not cut further.
/// </summary>
internal sealed class PathPartition
{
    private readonly PathTable _table;
    private readonly PathEquivalence _equivalence;

    /// <summary>Creates a partition.</summary>
    /// <param name="table">The paths.</param>
    /// <param name="equivalence">Compares the paths of each part.</param>
    public PathPartition(PathTable table, PathEquivalence equivalence)
    {
        _table = table;
        _equivalence = equivalence;
    }

    public void ByProtocol(in ComparedCell cell, int[] paths)
    {
        if (_table.IsSettled(paths))
        {
            return;
        }

        Span<int> groups = stackalloc int[16];
        Span<int> masks = paths.Length <= 512 ? stackalloc int[paths.Length] : new int[paths.Length];
        for (int index = 0; index < paths.Length; index++)
        {
            masks[index] = (int)_table.Paths[paths[index]].Protocols;
        }

        foreach (int group in GroupsOf((int)ProtocolSet.All, masks, groups))
        {
            ByKind(cell with { Protocols = (ProtocolSet)group }, Having(paths, masks, group));
        }
    }

    private void ByKind(in ComparedCell cell, int[] paths)
    {
        if (_equivalence.IsEnough || _table.IsSettled(paths))
        {
            return;
        }

        Span<int> groups = stackalloc int[16];
        Span<int> masks = paths.Length <= 512 ? stackalloc int[paths.Length] : new int[paths.Length];
        for (int index = 0; index < paths.Length; index++)
        {
            masks[index] = (int)_table.Paths[paths[index]].Kinds;
        }

        foreach (int group in GroupsOf((int)ConnectionKinds.All, masks, groups))
        {
            ByDestinationPort(cell with { Kinds = (ConnectionKinds)group }, Having(paths, masks, group));
        }
    }

    /// <summary>Groups bits that the same masks have, those with the lowest bits first.</summary>
    private static ReadOnlySpan<int> GroupsOf(int all, ReadOnlySpan<int> masks, Span<int> groups)
    {
        groups[0] = all;
        int count = 1;
        foreach (int mask in masks)
        {
            for (int group = count - 1; group >= 0; group--)
            {
                int inside = groups[group] & mask;
                int outside = groups[group] & ~mask;
                if (inside != 0 && outside != 0)
                {
                    groups[group] = inside;
                    groups[count++] = outside;
                }
            }
        }

        groups[..count].Sort(static (left, right) => (left & -left).CompareTo(right & -right));
        return groups[..count];
    }

    private static int[] Having(int[] paths, ReadOnlySpan<int> masks, int bits)
    {
        List<int> having = new(paths.Length);
        for (int index = 0; index < paths.Length; index++)
        {
            if ((masks[index] & bits) != 0)
            {
                having.Add(paths[index]);
            }
        }

        return having.Count == paths.Length ? paths : [.. having];
    }

    private void ByDestinationPort(in ComparedCell cell, int[] paths)
    {
        if (_equivalence.IsEnough || _table.IsSettled(paths))
        {
            return;
        }

        PortSet first = _table.Paths[paths[0]].DestinationPorts;
        if (Array.TrueForAll(paths, path => first.IsSameAs(_table.Paths[path].DestinationPorts)))
        {
            BySourcePort(cell with { DestinationPort = PreferredPort(first, 80) }, paths);
            return;
        }

        foreach ((AddressRange range, int[] inside) in Cut(paths, path => _table.Places[path].DestinationPorts, path => RangesOf(_table.Paths[path].DestinationPorts)))
        {
            ushort port = range.Contains(80) ? (ushort)80 : (ushort)range.First;
            BySourcePort(cell with { DestinationPort = port == 0 && !range.IsSingle ? (ushort)1 : port }, inside);
        }
    }

    private void BySourcePort(in ComparedCell cell, int[] paths)
    {
        _equivalence.Stop.ThrowIfCancellationRequested();
        if (_equivalence.IsEnough || _table.IsSettled(paths))
        {
            return;
        }

        PortSet first = _table.Paths[paths[0]].SourcePorts;
        if (Array.TrueForAll(paths, path => first.IsSameAs(_table.Paths[path].SourcePorts)))
        {
            BySource(cell with { SourcePort = PreferredPort(first, 40000) }, paths);
            return;
        }

        foreach ((AddressRange range, int[] inside) in Cut(paths, path => _table.Places[path].SourcePorts, path => RangesOf(_table.Paths[path].SourcePorts)))
        {
            BySource(cell with { SourcePort = range.Contains(40000) ? (ushort)40000 : (ushort)range.First }, inside);
        }
    }

    private static ushort PreferredPort(PortSet ports, ushort preferred) => ports.Contains(preferred) ? preferred : ports.First;

    private static AddressRange[] RangesOf(PortSet ports)
    {
        AddressRange[] ranges = new AddressRange[ports.Ranges.Length];
        for (int index = 0; index < ranges.Length; index++)
        {
            ranges[index] = new(ports.Ranges[index].First, ports.Ranges[index].Last);
        }

        return ranges;
    }

    private void BySource(in ComparedCell cell, int[] paths)
    {
        if (_equivalence.IsEnough || _table.IsSettled(paths))
        {
            return;
        }

        AddressSet first = _table.Paths[paths[0]].Sources;
        if (Array.TrueForAll(paths, path => first.IsSameAs(_table.Paths[path].Sources)))
        {
            ByOutput(cell with { Sources = first.Ranges[^1] }, _equivalence.WithoutCommonRest(paths));
            return;
        }

        foreach ((AddressRange range, int[] inside) in Cut(paths, path => _table.Places[path].Sources, path => _table.Paths[path].Sources.Ranges.ToArray()))
        {
            ByOutput(cell with { Sources = range }, _equivalence.WithoutCommonRest(inside));
        }
    }

    private static List<(AddressRange Range, int[] Paths)> Cut(int[] paths, Func<int, int> setOf, Func<int, AddressRange[]> rangesOf)
    {
        Dictionary<int, int> numbers = [];
        List<AddressRange[]> sets = [];
        List<List<int>> members = [];
        foreach (int path in paths)
        {
            int set = setOf(path);
            if (!numbers.TryGetValue(set, out int number))
            {
                number = sets.Count;
                numbers.Add(set, number);
                sets.Add(rangesOf(path));
                members.Add([]);
            }

            members[number].Add(path);
        }

        List<(AddressRange, int[])> ranges = [];
        foreach ((AddressRange range, List<int> inside) in RangeSegments.Cut(sets))
        {
            List<int> all = [];
            foreach (int set in inside)
            {
                all.AddRange(members[set]);
            }

            ranges.Add((range, [.. all]));
        }

        return ranges;
    }

    private void ByOutput(in ComparedCell cell, int[] paths)
    {
        _equivalence.Stop.ThrowIfCancellationRequested();
        if (_equivalence.IsEnough || _table.IsSettled(paths))
        {
            return;
        }

        SortedSet<string>? names = null;
        foreach (int path in paths)
        {
            if (_table.Paths[path].OutputInterface is { } name)
            {
                (names ??= new(StringComparer.Ordinal)).Add(name);
            }
        }

        if (names is null)
        {
            ByMark(cell, paths);
            return;
        }

        foreach (string name in names)
        {
            ByMark(cell with { OutputInterface = name }, Array.FindAll(paths, path => _table.Paths[path].OutputInterface is null || _table.Paths[path].OutputInterface == name));
        }
    }

    private void ByMark(in ComparedCell cell, int[] paths)
    {
        if (_equivalence.IsEnough || _table.IsSettled(paths))
        {
            return;
        }

        uint bit = 0;
        foreach (int path in paths)
        {
            uint open = _table.Paths[path].Bits.Settled & ~cell.MarkSettled;
            if (open != 0)
            {
                bit = MarkBits.LowestOf(open);
                break;
            }
        }

        if (bit == 0)
        {
            ByCondition(cell, paths);
            return;
        }

        foreach (uint value in (ReadOnlySpan<uint>)[0, bit])
        {
            List<int> inside = new(paths.Length);
            foreach (int path in paths)
            {
                MarkBits mark = _table.Paths[path].Bits;
                if ((mark.Settled & bit) == 0 || (mark.Value & bit) == value)
                {
                    inside.Add(path);
                }
            }

            ByMark(cell with { MarkSettled = cell.MarkSettled | bit, Mark = cell.Mark | value }, [.. inside]);
        }
    }

    private void ByCondition(in ComparedCell cell, int[] paths)
    {
        if (_equivalence.IsEnough || _table.IsSettled(paths))
        {
            return;
        }

        int open = -1;
        foreach (int path in paths)
        {
            foreach ((int condition, _) in _table.ConditionsOf[path] ?? [])
            {
                if (cell.Find(condition) is null)
                {
                    open = condition;
                    break;
                }
            }

            if (open >= 0)
            {
                break;
            }
        }

        if (open < 0)
        {
            _equivalence.Finish(cell, paths);
            return;
        }

        foreach (bool isTrue in (ReadOnlySpan<bool>)[false, true])
        {
            List<int> inside = new(paths.Length);
            foreach (int path in paths)
            {
                bool isOther = false;
                foreach ((int condition, bool isTaken) in _table.ConditionsOf[path] ?? [])
                {
                    isOther |= condition == open && isTaken != isTrue;
                }

                if (!isOther)
                {
                    inside.Add(path);
                }
            }

            ByCondition(cell with { Conditions = new(open, isTrue, cell.Conditions) }, [.. inside]);
        }
    }
}
