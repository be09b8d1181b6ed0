namespace KubeProxySharp.RuleModel.Analysis.Sets;

/// <summary>Addresses of one family, as ordered ranges with gaps between them; never empty.</summary>
internal sealed class AddressSet
{
    private readonly AddressRange[] _ranges;

    private AddressSet(AddressRange[] ranges) => _ranges = ranges;

    public ReadOnlySpan<AddressRange> Ranges => _ranges;

    /// <summary>Whether it is one address.</summary>
    public bool IsSingle => _ranges.Length == 1 && _ranges[0].IsSingle;

    /// <summary>The lowest address.</summary>
    public UInt128 First => _ranges[0].First;

    public static AddressSet Of(AddressRange range) => new([range]);

    /// <summary>Ranges in any order; at least one.</summary>
    public static AddressSet Of(IEnumerable<AddressRange> ranges) => new([.. AddressRanges.Normalize(ranges)]);

    public bool Contains(UInt128 address) => Contains(_ranges, address);

    /// <summary>Whether an address is in one of several ranges, which are ordered.</summary>
    public static bool Contains(ReadOnlySpan<AddressRange> ordered, UInt128 address)
    {
        int low = 0;
        int high = ordered.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (address < ordered[middle].First)
            {
                high = middle - 1;
            }
            else if (address > ordered[middle].Last)
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

    /// <summary>Splits the set at ranges that are ordered and do not touch; a part without addresses is null.</summary>
    public void Split(ReadOnlySpan<AddressRange> ordered, out AddressSet? inside, out AddressSet? outside)
    {
        if (ordered.Length == 1 && TrySplitWhole(ordered[0], out inside, out outside))
        {
            return;
        }

        List<AddressRange> ins = [];
        List<AddressRange> outs = [];
        int other = 0;
        foreach (AddressRange range in _ranges)
        {
            UInt128 start = range.First;
            bool isDone = false;
            while (other < ordered.Length && ordered[other].Last < start)
            {
                other++;
            }

            for (int index = other; index < ordered.Length && ordered[index].First <= range.Last; index++)
            {
                AddressRange cut = ordered[index];
                if (cut.First > start)
                {
                    outs.Add(new(start, cut.First - 1));
                }

                ins.Add(new(UInt128.Max(cut.First, start), UInt128.Min(cut.Last, range.Last)));
                if (cut.Last >= range.Last)
                {
                    isDone = true;
                    break;
                }

                start = cut.Last + 1;
            }

            if (!isDone)
            {
                outs.Add(new(start, range.Last));
            }
        }

        inside = ins.Count == 0 ? null : outs.Count == 0 ? this : new([.. ins]);
        outside = outs.Count == 0 ? null : ins.Count == 0 ? this : new([.. outs]);
    }

    /// <summary>The common case that nothing has to be split.</summary>
    private bool TrySplitWhole(AddressRange other, out AddressSet? inside, out AddressSet? outside)
    {
        bool isTouched = false;
        bool isLeft = false;
        foreach (AddressRange range in _ranges)
        {
            isTouched |= range.Overlaps(other);
            isLeft |= !other.Contains(range);
        }

        inside = isTouched ? this : null;
        outside = isLeft ? this : null;
        return !isTouched || !isLeft;
    }

    /// <summary>Whether both hold the same addresses.</summary>
    public bool IsSameAs(AddressSet other) => ReferenceEquals(this, other) || _ranges.AsSpan().SequenceEqual(other._ranges);
}
