using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// Reads the names of the chains, sets and maps of the table from the kernel, without rules and elements: nft would read
/// everything, which takes seconds for a large table.
/// </summary>
internal static class NftContentReader
{
    /// <summary>More names than a table of kube-proxy can have; what has more is not taken over but replaced.</summary>
    private const int MostNames = 4_000_000;

    /// <summary>Bytes of names that nft's language takes without quotes.</summary>
    private static readonly SearchValues<byte> s_nameBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_.-"u8);

    /// <summary>Reads the table of a family, as it was at one moment.</summary>
    /// <returns>Its content, empty if there is no such table; null and why, if it cannot be read.</returns>
    public static async Task<(NftTableContent? Content, string Error)> ReadAsync(INetworkNamespace network, IpFamily family, CancellationToken cancellation)
    {
        ((NftTableContent? Content, string Error) read, bool isSteady, _) = await ConsistentListing.ReadAsync(
            network,
            _ => Task.FromResult(ReadOnce(network, family)),
            static (one, other) => one.Content is not null && one.Content == other.Content,
            cancellation);
        return isSteady || read.Content is null ? read : (null, "the table changed each time it was read");
    }

    /// <summary>The number of the last commit, if the table had a content then; null if it has another one or cannot be read.</summary>
    public static async Task<uint?> ConfirmAsync(INetworkNamespace network, IpFamily family, NftTableContent content, CancellationToken cancellation)
    {
        // Two equal readings do not give a commit number.
        ((NftTableContent? Content, string Error) read, _, uint? commit) = await ConsistentListing.ReadAsync(
            network, _ => Task.FromResult(ReadOnce(network, family)), static (_, _) => false, cancellation);
        return read.Content == content ? commit : null;
    }

    private static (NftTableContent? Content, string Error) ReadOnce(INetworkNamespace network, IpFamily family)
    {
        NameList bases = new();
        NameList chains = new();
        NameList sets = new();
        NameList maps = new();
        try
        {
            using TableDump dump = network.Run(() => new TableDump(family, NftNames.Table));
            dump.ListChains((name, isBase) => (isBase ? bases : chains).Add(name));
            dump.ListSets((name, isMap) => (isMap ? maps : sets).Add(name));
        }
        catch (IOException e)
        {
            return (null, e.Message);
        }

        return bases.IsOdd || chains.IsOdd || sets.IsOdd || maps.IsOdd
            ? (null, "the table has names that nft does not take back")
            : (new(bases.ToArray(), chains.ToArray(), sets.ToArray(), maps.ToArray()), "");
    }

    private sealed class NameList
    {
        private readonly List<string> _names = [];

        /// <summary>Whether there was a name that cannot be written as it was read, or there were too many.</summary>
        public bool IsOdd { get; private set; }

        public void Add(ReadOnlySpan<byte> name)
        {
            if (name.IsEmpty || name.ContainsAnyExcept(s_nameBytes) || _names.Count == MostNames)
            {
                IsOdd = true;
                return;
            }

            _names.Add(Encoding.ASCII.GetString(name));
        }

        public EquatableArray<string> ToArray() => EquatableArray.CopyOf(_names);
    }
}
