using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <content>The dimensions, one after the other.</content>
internal sealed partial class PathEquivalence
{
    private void ByProtocol(in ComparedCell cell, int[] ways)
    {
        if (IsSettled(ways))
        {
            return;
        }

        Span<int> groups = stackalloc int[16];
        Span<int> masks = ways.Length <= 512 ? stackalloc int[ways.Length] : new int[ways.Length];
        for (int index = 0; index < ways.Length; index++)
        {
            masks[index] = (int)_ways[ways[index]].Protocols;
        }

        foreach (int group in GroupsOf((int)ProtocolSet.All, masks, groups))
        {
            ByKind(cell with { Protocols = (ProtocolSet)group }, Having(ways, masks, group));
        }
    }

    private void ByKind(in ComparedCell cell, int[] ways)
    {
        if (IsSettled(ways))
        {
            return;
        }

        Span<int> groups = stackalloc int[16];
        Span<int> masks = ways.Length <= 512 ? stackalloc int[ways.Length] : new int[ways.Length];
        for (int index = 0; index < ways.Length; index++)
        {
            masks[index] = (int)_ways[ways[index]].Kinds;
        }

        foreach (int group in GroupsOf((int)ConnectionKinds.All, masks, groups))
        {
            ByDestinationPort(cell with { Kinds = (ConnectionKinds)group }, Having(ways, masks, group));
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

    private static int[] Having(int[] ways, ReadOnlySpan<int> masks, int bits)
    {
        List<int> having = new(ways.Length);
        for (int index = 0; index < ways.Length; index++)
        {
            if ((masks[index] & bits) != 0)
            {
                having.Add(ways[index]);
            }
        }

        return having.Count == ways.Length ? ways : [.. having];
    }

    private void ByDestinationPort(in ComparedCell cell, int[] ways)
    {
        if (IsSettled(ways))
        {
            return;
        }

        PortSet first = _ways[ways[0]].DestinationPorts;
        if (Array.TrueForAll(ways, way => first.IsSameAs(_ways[way].DestinationPorts)))
        {
            BySourcePort(cell with { DestinationPort = PleasantPort(first, 80) }, ways);
            return;
        }

        foreach ((AddressRange piece, int[] inside) in Cut(ways, way => _places[way].DestinationPorts, way => RangesOf(_ways[way].DestinationPorts)))
        {
            ushort port = piece.Contains(80) ? (ushort)80 : (ushort)piece.First;
            BySourcePort(cell with { DestinationPort = port == 0 && !piece.IsSingle ? (ushort)1 : port }, inside);
        }
    }

    private void BySourcePort(in ComparedCell cell, int[] ways)
    {
        if (IsSettled(ways))
        {
            return;
        }

        PortSet first = _ways[ways[0]].SourcePorts;
        if (Array.TrueForAll(ways, way => first.IsSameAs(_ways[way].SourcePorts)))
        {
            BySource(cell with { SourcePort = PleasantPort(first, 40000) }, ways);
            return;
        }

        foreach ((AddressRange piece, int[] inside) in Cut(ways, way => _places[way].SourcePorts, way => RangesOf(_ways[way].SourcePorts)))
        {
            BySource(cell with { SourcePort = piece.Contains(40000) ? (ushort)40000 : (ushort)piece.First }, inside);
        }
    }

    private static ushort PleasantPort(PortSet ports, ushort wish) => ports.Contains(wish) ? wish : ports.First;

    private static AddressRange[] RangesOf(PortSet ports)
    {
        AddressRange[] ranges = new AddressRange[ports.Ranges.Length];
        for (int index = 0; index < ranges.Length; index++)
        {
            ranges[index] = new(ports.Ranges[index].First, ports.Ranges[index].Last);
        }

        return ranges;
    }

    private void BySource(in ComparedCell cell, int[] ways)
    {
        if (IsSettled(ways))
        {
            return;
        }

        AddressSet first = _ways[ways[0]].Sources;
        if (Array.TrueForAll(ways, way => first.IsSameAs(_ways[way].Sources)))
        {
            ByOutput(cell with { Sources = first.Ranges[^1] }, WithoutCommonRest(ways));
            return;
        }

        foreach ((AddressRange piece, int[] inside) in Cut(ways, way => _places[way].Sources, way => _ways[way].Sources.Ranges.ToArray()))
        {
            ByOutput(cell with { Sources = piece }, WithoutCommonRest(inside));
        }
    }

    private static List<(AddressRange Piece, int[] Ways)> Cut(int[] ways, Func<int, int> setOf, Func<int, AddressRange[]> rangesOf)
    {
        Dictionary<int, int> numbers = [];
        List<AddressRange[]> sets = [];
        List<List<int>> members = [];
        foreach (int way in ways)
        {
            int set = setOf(way);
            if (!numbers.TryGetValue(set, out int number))
            {
                number = sets.Count;
                numbers.Add(set, number);
                sets.Add(rangesOf(way));
                members.Add([]);
            }

            members[number].Add(way);
        }

        List<(AddressRange, int[])> pieces = [];
        foreach ((AddressRange piece, List<int> inside) in RangeSegments.Cut(sets))
        {
            List<int> all = [];
            foreach (int set in inside)
            {
                all.AddRange(members[set]);
            }

            pieces.Add((piece, [.. all]));
        }

        return pieces;
    }

    private void ByOutput(in ComparedCell cell, int[] ways)
    {
        if (IsSettled(ways))
        {
            return;
        }

        SortedSet<string>? names = null;
        foreach (int way in ways)
        {
            if (_ways[way].OutputInterface is { } name)
            {
                (names ??= new(StringComparer.Ordinal)).Add(name);
            }
        }

        if (names is null)
        {
            ByMark(cell, ways);
            return;
        }

        foreach (string name in names)
        {
            ByMark(cell with { OutputInterface = name }, Array.FindAll(ways, way => _ways[way].OutputInterface is null || _ways[way].OutputInterface == name));
        }
    }

    private void ByMark(in ComparedCell cell, int[] ways)
    {
        if (IsSettled(ways))
        {
            return;
        }

        uint bit = 0;
        foreach (int way in ways)
        {
            uint open = _ways[way].Bits.Settled & ~cell.MarkSettled;
            if (open != 0)
            {
                bit = MarkBits.LowestOf(open);
                break;
            }
        }

        if (bit == 0)
        {
            ByLiteral(cell, ways);
            return;
        }

        foreach (uint value in (ReadOnlySpan<uint>)[0, bit])
        {
            List<int> inside = new(ways.Length);
            foreach (int way in ways)
            {
                MarkBits mark = _ways[way].Bits;
                if ((mark.Settled & bit) == 0 || (mark.Value & bit) == value)
                {
                    inside.Add(way);
                }
            }

            ByMark(cell with { MarkSettled = cell.MarkSettled | bit, Mark = cell.Mark | value }, [.. inside]);
        }
    }

    private void ByLiteral(in ComparedCell cell, int[] ways)
    {
        if (IsSettled(ways))
        {
            return;
        }

        int open = -1;
        foreach (int way in ways)
        {
            foreach ((int condition, _) in _conditionsOf[way] ?? [])
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
            Finish(cell, ways);
            return;
        }

        foreach (bool isTrue in (ReadOnlySpan<bool>)[false, true])
        {
            List<int> inside = new(ways.Length);
            foreach (int way in ways)
            {
                bool isOther = false;
                foreach ((int condition, bool isTaken) in _conditionsOf[way] ?? [])
                {
                    isOther |= condition == open && isTaken != isTrue;
                }

                if (!isOther)
                {
                    inside.Add(way);
                }
            }

            ByLiteral(cell with { Conditions = new(open, isTrue, cell.Conditions) }, [.. inside]);
        }
    }
}
