using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Searches sets and maps for the keys that packets can have.</summary>
internal static class LookupSearch
{
    /// <summary>Splits packets by the keys that they have.</summary>
    /// <param name="index">The keys.</param>
    /// <param name="key">The parts, for the modulus of a random one.</param>
    /// <param name="state">The packets.</param>
    /// <param name="hits">Receives those that have a key, with its value.</param>
    /// <param name="misses">Receives the others.</param>
    public static void Find(LookupIndex index, EquatableArray<KeyPart> key, WalkState state, List<LookupHit> hits, List<WalkState> misses)
    {
        int modulus = 0;
        foreach (KeyPart part in key)
        {
            modulus = part.Field == PacketField.Random ? part.Modulus : modulus;
        }

        if (index.HasUnread && (state.Protocols & ProtocolSet.Other) != 0)
        {
            state.NoteUnknown("a key of a protocol that no Service has");
        }

        if (index.HasUnreadValue)
        {
            state.NoteUnknown("a key of a set or map that is not understood");
        }

        FindByProtocol(new Search(index, modulus, hits, misses), index.For(state.Destination), state);
    }

    private static void FindByProtocol(in Search search, ReadOnlySpan<LookupEntry> entries, WalkState state)
    {
        if (!search.Index.HasProtocol)
        {
            FindBySource(search, entries, state);
            return;
        }

        ProtocolSet rest = state.Protocols;
        while (entries.Length != 0)
        {
            ProtocolSet protocol = entries[0].Protocol;
            int count = 1;
            while (count < entries.Length && entries[count].Protocol == protocol)
            {
                count++;
            }

            if ((rest & protocol) != 0)
            {
                rest &= ~protocol;
                WalkState part = rest == 0 ? state : state.Copy();
                part.Protocols = protocol;
                FindBySource(search, entries[..count], part);
                if (rest == 0)
                {
                    return;
                }
            }

            entries = entries[count..];
        }

        state.Protocols = rest;
        search.Misses.Add(state);
    }

    private static void FindBySource(in Search search, ReadOnlySpan<LookupEntry> entries, WalkState state)
    {
        if (!search.Index.HasSource)
        {
            FindBySourcePort(search, entries, state);
            return;
        }

        List<AddressRange> taken = [];
        while (entries.Length != 0)
        {
            UInt128 source = entries[0].Source;
            int count = 1;
            while (count < entries.Length && entries[count].Source == source)
            {
                count++;
            }

            if (state.Sources.Contains(source))
            {
                AddressRange single = new(source, source);
                taken.Add(single);
                WalkState part = state.Copy();
                part.Sources = AddressSet.Of(single);
                FindBySourcePort(search, entries[..count], part);
            }

            entries = entries[count..];
        }

        AddressSet? rest = state.Sources;
        if (taken.Count != 0)
        {
            state.Sources.Split([.. AddressRanges.Normalize(taken)], out _, out rest);
        }

        if (rest is not null)
        {
            state.Sources = rest;
            search.Misses.Add(state);
        }
    }

    private static void FindBySourcePort(in Search search, ReadOnlySpan<LookupEntry> entries, WalkState state)
    {
        if (!search.Index.HasSourcePort)
        {
            FindByDestinationPort(search, entries, state);
            return;
        }

        List<ushort> taken = [];
        PortSet all = state.SourcePorts;
        while (entries.Length != 0)
        {
            ushort port = entries[0].SourcePort;
            int count = 1;
            while (count < entries.Length && entries[count].SourcePort == port)
            {
                count++;
            }

            if (all.Contains(port))
            {
                taken.Add(port);
                WalkState part = state.Copy();
                part.SourcePorts = PortSet.Of(port);
                FindByDestinationPort(search, entries[..count], part);
            }

            entries = entries[count..];
        }

        if (all.Without([.. taken]) is { } rest)
        {
            state.SourcePorts = taken.Count == 0 ? all : rest;
            search.Misses.Add(state);
        }
    }

    private static void FindByDestinationPort(in Search search, ReadOnlySpan<LookupEntry> entries, WalkState state)
    {
        if (!search.Index.HasDestinationPort)
        {
            FindByNumber(search, entries, state);
            return;
        }

        int known = state.NewPort >= 0 ? state.NewPort : state.DestinationPorts.IsSingle ? state.DestinationPorts.First : -1;
        if (known >= 0)
        {
            FindByNumber(search, WithPort(entries, (ushort)known), state);
            return;
        }

        List<ushort> taken = new(entries.Length);
        PortSet all = state.DestinationPorts;
        while (entries.Length != 0)
        {
            ushort port = entries[0].DestinationPort;
            int count = 1;
            while (count < entries.Length && entries[count].DestinationPort == port)
            {
                count++;
            }

            if (all.Contains(port))
            {
                taken.Add(port);
                WalkState part = state.Copy();
                part.DestinationPorts = PortSet.Of(port);
                FindByNumber(search, entries[..count], part);
            }

            entries = entries[count..];
        }

        if (taken.Count == 0)
        {
            search.Misses.Add(state);
        }
        else if (all.Without([.. taken]) is { } rest)
        {
            state.DestinationPorts = rest;
            search.Misses.Add(state);
        }
    }

    /// <summary>The entries of a port, among those that differ by port and number alone.</summary>
    private static ReadOnlySpan<LookupEntry> WithPort(ReadOnlySpan<LookupEntry> entries, ushort port)
    {
        int low = 0;
        int high = entries.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (entries[middle].DestinationPort < port)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        int end = low;
        while (end < entries.Length && entries[end].DestinationPort == port)
        {
            end++;
        }

        return entries[low..end];
    }

    private static void FindByNumber(in Search search, ReadOnlySpan<LookupEntry> entries, WalkState state)
    {
        if (search.Modulus == 0)
        {
            if (entries.Length == 0)
            {
                search.Misses.Add(state);
            }
            else
            {
                search.Hits.Add(new(state, entries[0].Value));
            }

            return;
        }

        double share = state.Probability / search.Modulus;
        int found = 0;
        foreach (LookupEntry entry in entries)
        {
            if (entry.Number < search.Modulus)
            {
                found++;
                WalkState branch = state.Copy();
                branch.Probability = share;
                search.Hits.Add(new(branch, entry.Value));
            }
        }

        if (found < search.Modulus)
        {
            state.Probability = share * (search.Modulus - found);
            search.Misses.Add(state);
        }
    }

    private readonly record struct Search(LookupIndex Index, int Modulus, List<LookupHit> Hits, List<WalkState> Misses);
}

/// <summary>Packets for which a lookup found a key.</summary>
/// <param name="State">The packets.</param>
/// <param name="Value">The index of the value that the key maps to.</param>
internal readonly record struct LookupHit(WalkState State, int Value);
