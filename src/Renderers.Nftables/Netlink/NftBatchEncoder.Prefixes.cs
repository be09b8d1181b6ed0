using System.Buffers.Binary;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Renderers.Nftables.Rendering;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using static KubeProxySharp.Renderers.Nftables.Netlink.NftNumbers;

namespace KubeProxySharp.Renderers.Nftables.Netlink;

/// <content>
/// Anonymous sets of prefixes. The kernel keeps where intervals begin and where the gaps after them begin, so overlaps are
/// merged and what lies before the first is a gap.
/// </content>
internal ref partial struct NftBatchEncoder
{
    /// <summary>The kernel puts a number in; rules of the batch know the set by its id.</summary>
    private static ReadOnlySpan<byte> AnonymousSet => "__set%d"u8;

    private void PrefixSet(ref MessageWriter messages, uint id, KeyFields field, EquatableArray<IpPrefix> prefixes)
    {
        List<(UInt128 First, UInt128 Last)> intervals = Merge(prefixes);
        bool beginsWithGap = intervals[0].First != 0;
        BeginNewSet(ref messages, AnonymousSet, SetFlag.Anonymous | SetFlag.Constant | SetFlag.Interval, field);
        messages.Add(SetAttribute.Id, id);
        int description = messages.Open(SetAttribute.Description);
        messages.Add(DescriptionSize, (uint)((2 * intervals.Count) + (beginsWithGap ? 1 : 0)));
        messages.Close(description);
        NftUserData data = new(stackalloc byte[NftUserData.MaxLength]);
        data.AddPrefixSet(_family, field);
        messages.Add(SetAttribute.UserData, data.Written);
        messages.End();

        Begin(ref messages, Message.NewSetElem, NetlinkHeader.Create);
        messages.AddText(ElementListAttribute.Table, TableName);
        messages.AddText(ElementListAttribute.Set, AnonymousSet);
        messages.Add(ElementListAttribute.SetId, id);
        int list = messages.Open(ElementListAttribute.Elements);
        if (beginsWithGap)
        {
            Bound(ref messages, UInt128.Zero, isGap: true, isOpen: false);
        }

        UInt128 highest = UInt128.MaxValue >> (128 - (8 * _addressLength));
        foreach ((UInt128 first, UInt128 last) in intervals)
        {
            Bound(ref messages, first, isGap: false, isOpen: last == highest);
            if (last != highest)
            {
                Bound(ref messages, last + 1, isGap: true, isOpen: false);
            }
        }

        messages.Close(list);
        messages.End();
    }

    private readonly void Bound(ref MessageWriter messages, UInt128 address, bool isGap, bool isOpen)
    {
        int element = messages.Open(ListElement);
        if (isGap)
        {
            messages.Add(ElementAttribute.Flags, IntervalEnd);
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, address);
        int key = messages.Open(ElementAttribute.Key);
        messages.Add(DataAttribute.Value, bytes[^_addressLength..]);
        messages.Close(key);
        if (isOpen)
        {
            NftUserData data = new(stackalloc byte[NftUserData.MaxLength]);
            data.AddOpenInterval();
            messages.Add(ElementAttribute.UserData, data.Written);
        }

        messages.Close(element);
    }

    private readonly List<(UInt128 First, UInt128 Last)> Merge(EquatableArray<IpPrefix> prefixes)
    {
        UInt128 own = UInt128.MaxValue >> (128 - (8 * _addressLength));
        List<(UInt128 First, UInt128 Last)> sorted = [];
        foreach (IpPrefix prefix in prefixes)
        {
            sorted.Add((prefix.Address.ToBits() & own, prefix.LastAddress().ToBits() & own));
        }

        sorted.Sort();
        List<(UInt128 First, UInt128 Last)> merged = [];
        foreach ((UInt128 first, UInt128 last) in sorted)
        {
            // Neighbours are merged too. The highest address has none behind it.
            if (merged.Count != 0 && (merged[^1].Last == own || first <= merged[^1].Last + 1))
            {
                merged[^1] = (merged[^1].First, UInt128.Max(merged[^1].Last, last));
            }
            else
            {
                merged.Add((first, last));
            }
        }

        return merged;
    }
}
