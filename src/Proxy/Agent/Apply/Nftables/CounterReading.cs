using System.Buffers.Binary;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>Reads all counting sets of a table. The memory is used again for the next reading; one thread at a time may use it.</summary>
/// <param name="family">The family of the table.</param>
/// <param name="network">Where the table is.</param>
internal sealed class CounterReading(IpFamily family, INetworkNamespace network)
{
    /// <summary>How often a set is read again because something was committed meanwhile.</summary>
    public const int MostTries = 10;

    private readonly List<(CountedElement Element, ulong Packets)> _counters = [];
    private readonly HashSet<CountedKey> _keys = [];

    /// <summary>What was read last; those of one set are side by side.</summary>
    public IReadOnlyList<(CountedElement Element, ulong Packets)> Counters => _counters;

    /// <summary>Reads the sets; there are no counters if there is no table.</summary>
    /// <returns>Null, or why a set could not be read; <see cref="Counters"/> has the others then.</returns>
    public string? Read()
    {
        _counters.Clear();
        try
        {
            using TableDump dump = network.Run(() => new TableDump(family, NftNames.Table));
            string? error = null;
            foreach (string set in CountingSets.All)
            {
                if (!TryRead(dump, set))
                {
                    error = $"the set {set} of the table {NftNames.FamilyName(family)} {NftNames.Table} cannot be read: rules were committed each of the {MostTries} times";
                }
            }

            return error;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    private bool TryRead(TableDump dump, string set)
    {
        int start = _counters.Count;
        for (int tries = 0; tries < MostTries; tries++)
        {
            _keys.Clear();
            bool hasAllOnce = true;
            bool isSteady = dump.TryReadCounters(set, (bytes, packets) =>
            {
                if (TryReadKey(bytes, out CountedKey key))
                {
                    // Packets may add elements while the set is listed; when the kernel's table grows then, elements can come twice.
                    hasAllOnce &= _keys.Add(key);
                    _counters.Add((new(set, key), packets));
                }
            });
            if (isSteady && hasAllOnce)
            {
                return true;
            }

            _counters.RemoveRange(start, _counters.Count - start);
        }

        return false;
    }

    /// <summary>Reads a key: the address, the protocol and the port, each in registers of four bytes.</summary>
    private bool TryReadKey(ReadOnlySpan<byte> bytes, out CountedKey key)
    {
        int length = family == IpFamily.IPv4 ? 4 : 16;
        key = bytes.Length == length + (2 * sizeof(uint))
            ? new(IpAddress.FromBytes(bytes[..length]), (TransportProtocol)bytes[length], BinaryPrimitives.ReadUInt16BigEndian(bytes[(length + sizeof(uint))..]))
            : default;
        return key != default;
    }
}
