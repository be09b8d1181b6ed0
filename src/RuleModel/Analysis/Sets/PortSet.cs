namespace KubeProxySharp.RuleModel.Analysis.Sets;

/// <summary>Ports, as ordered ranges with gaps between them; never empty.</summary>
internal sealed class PortSet
{
    private readonly (ushort First, ushort Last)[] _ranges;

    private PortSet((ushort First, ushort Last)[] ranges) => _ranges = ranges;

    public static PortSet All { get; } = new([(0, ushort.MaxValue)]);

    public ReadOnlySpan<(ushort First, ushort Last)> Ranges => _ranges;

    /// <summary>Whether it is one port.</summary>
    public bool IsSingle => _ranges.Length == 1 && _ranges[0].First == _ranges[0].Last;

    /// <summary>The lowest port.</summary>
    public ushort First => _ranges[0].First;

    public static PortSet Of(ushort port) => new([(port, port)]);

    public bool Contains(int port)
    {
        int low = 0;
        int high = _ranges.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (port < _ranges[middle].First)
            {
                high = middle - 1;
            }
            else if (port > _ranges[middle].Last)
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The number of ports.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            foreach ((ushort first, ushort last) in _ranges)
            {
                count += last - first + 1;
            }

            return count;
        }
    }

    public static PortSet Of(PortRange range) => new([(range.First, range.Last)]);

    /// <summary>Splits the set at ranges of ports, in any order; a part without ports is null.</summary>
    public void Split(ReadOnlySpan<PortRange> ranges, out PortSet? inside, out PortSet? outside)
    {
        if (ranges.Length == 1)
        {
            Split(ranges[0].First, ranges[0].Last, out inside, out outside);
            return;
        }

        List<(ushort First, ushort Last)> ins = [];
        outside = this;
        foreach (PortRange range in ranges)
        {
            PortSet? taken = null;
            outside?.Split(range.First, range.Last, out taken, out outside);
            ins.AddRange(taken is null ? [] : taken._ranges);
        }

        inside = outside is null ? this : ins.Count == 0 ? null : Ordered(ins);
    }

    /// <summary>Joins ranges that touch, so that equal sets have equal ranges.</summary>
    private static PortSet Ordered(List<(ushort First, ushort Last)> ranges)
    {
        ranges.Sort();
        int count = 1;
        for (int index = 1; index < ranges.Count; index++)
        {
            if (ranges[index].First == ranges[count - 1].Last + 1)
            {
                ranges[count - 1] = (ranges[count - 1].First, ranges[index].Last);
            }
            else
            {
                ranges[count++] = ranges[index];
            }
        }

        return new([.. ranges[..count]]);
    }

    /// <summary>Splits the set at a range of ports; a part without ports is null.</summary>
    public void Split(ushort first, ushort last, out PortSet? inside, out PortSet? outside)
    {
        // Most calls take the whole set or one port of many, so the ranges are counted before arrays are allocated.
        int touched = 0;
        int kept = 0;
        foreach ((ushort from, ushort to) in _ranges)
        {
            bool isTouched = from <= last && to >= first;
            touched += isTouched ? 1 : 0;
            kept += !isTouched ? 1 : (from < first ? 1 : 0) + (to > last ? 1 : 0);
        }

        inside = null;
        outside = null;
        if (touched == 0)
        {
            outside = this;
            return;
        }

        if (kept == 0)
        {
            inside = this;
            return;
        }

        (ushort, ushort)[] ins = new (ushort, ushort)[touched];
        (ushort, ushort)[] outs = new (ushort, ushort)[kept];
        int nextIn = 0;
        int nextOut = 0;
        foreach ((ushort from, ushort to) in _ranges)
        {
            if (from > last || to < first)
            {
                outs[nextOut++] = (from, to);
                continue;
            }

            ins[nextIn++] = (Math.Max(from, first), Math.Min(to, last));
            if (from < first)
            {
                outs[nextOut++] = (from, (ushort)(first - 1));
            }

            if (to > last)
            {
                outs[nextOut++] = ((ushort)(last + 1), to);
            }
        }

        inside = new(ins);
        outside = new(outs);
    }

    /// <summary>The set without single ports, given in ascending order; null if none is left.</summary>
    public PortSet? Without(ReadOnlySpan<ushort> ports)
    {
        List<(ushort, ushort)> left = new(_ranges.Length + ports.Length);
        int next = 0;
        foreach ((ushort first, ushort last) in _ranges)
        {
            int start = first;
            for (; next < ports.Length && ports[next] <= last; next++)
            {
                if (ports[next] < start)
                {
                    continue;
                }

                if (ports[next] > start)
                {
                    left.Add(((ushort)start, (ushort)(ports[next] - 1)));
                }

                start = ports[next] + 1;
            }

            if (start <= last)
            {
                left.Add(((ushort)start, last));
            }
        }

        return left.Count == 0 ? null : new([.. left]);
    }

    /// <summary>Whether both hold the same ports.</summary>
    public bool IsSameAs(PortSet other) => ReferenceEquals(this, other) || _ranges.AsSpan().SequenceEqual(other._ranges);
}
