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
/// Reads what <c>list chains</c>, <c>list sets</c> and <c>list maps</c> print without elements: names only, so that neither
/// nft nor we read rules or elements of a large table.
/// </summary>
internal sealed class NftContentReader(IpFamily family)
{
    /// <summary>More names than a table of kube-proxy can have; what has more is not taken over but replaced.</summary>
    private const int MostNames = 4_000_000;

    private static readonly SearchValues<byte> s_nameBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_.-"u8);

    private readonly byte[] _table = Encoding.ASCII.GetBytes($"table {Name(family)} {NftNames.Table} {{");
    private readonly List<string> _bases = [];
    private readonly List<string> _chains = [];
    private readonly List<string> _sets = [];
    private readonly List<string> _maps = [];
    private bool _isOurs;

    /// <summary>Whether a name was found that cannot be written as it was read.</summary>
    private bool _isOdd;

    /// <summary>Lists the table of a family, as it was at one moment.</summary>
    /// <returns>Its content, empty if there is no such table; null and why, if it cannot be listed.</returns>
    public static async Task<(NftTableContent? Content, string Error)> ReadAsync(ProcessRunner runner, IpFamily family, CancellationToken cancellation)
    {
        ((NftTableContent? Content, string Error) read, bool isSteady) = await ConsistentListing.ReadAsync(
            runner.Network,
            stop => ReadOnceAsync(runner, family, stop),
            static (one, other) => one.Content is not null && one.Content == other.Content,
            cancellation);
        return isSteady || read.Content is null ? read : (null, "the table changed each time it was listed");
    }

    /// <summary>A family as nft calls it.</summary>
    public static string Name(IpFamily family) => family == IpFamily.IPv4 ? "ip" : "ip6";

    /// <summary>Takes the next line.</summary>
    public void Take(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("table "u8))
        {
            _isOurs = line.SequenceEqual(_table);
        }
        else if (!_isOurs)
        {
            return;
        }
        else if (line.StartsWith("\tchain "u8))
        {
            Add(_chains, line["\tchain "u8.Length..]);
        }
        else if (line.StartsWith("\tset "u8))
        {
            Add(_sets, line["\tset "u8.Length..]);
        }
        else if (line.StartsWith("\tmap "u8))
        {
            Add(_maps, line["\tmap "u8.Length..]);
        }
        else if (line.StartsWith("\t\ttype "u8) && line.IndexOf(" hook "u8) > 0 && _chains.Count != 0)
        {
            _bases.Add(_chains[^1]);
            _chains.RemoveAt(_chains.Count - 1);
        }
    }

    /// <summary>What was found.</summary>
    public NftTableContent Content() => new(Array(_bases), Array(_chains), Array(_sets), Array(_maps));

    private static async Task<(NftTableContent? Content, string Error)> ReadOnceAsync(ProcessRunner runner, IpFamily family, CancellationToken cancellation)
    {
        NftContentReader reader = new(family);
        byte[] commands = Encoding.ASCII.GetBytes($"list chains {Name(family)}\nlist sets {Name(family)}\nlist maps {Name(family)}\n");
        using SealedInput input = SealedInput.Of(commands);
        ProcessResult result = await runner.RunAsync(new("nft", "-t", "-f", "-") { Lines = reader.Take }, input, cancellation);
        return !result.IsSuccess ? (null, result.Describe("nft list"))
            : reader._isOdd ? (null, "the table has names that nft does not take back")
            : (reader.Content(), "");
    }

    private static EquatableArray<string> Array(List<string> names) => EquatableArray.Adopt(names.ToArray());

    private void Add(List<string> names, ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf(" {"u8);
        ReadOnlySpan<byte> name = end < 0 ? [] : rest[..end];
        if (name.IsEmpty || name.ContainsAnyExcept(s_nameBytes) || names.Count == MostNames)
        {
            _isOdd = true;
            return;
        }

        names.Add(Encoding.ASCII.GetString(name));
    }
}
