using System.Text;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Iptables;

namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>What iptables-save says about chains of ours and rules that lead to them; everything else goes by unread.</summary>
internal sealed class IptablesListing
{
    /// <summary>A listing of iptables-nft-save begins anew at each commit of others, and of many rules it may never end; a sync waits for it.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    /// <summary>More names than any cluster needs; further ones are not remembered.</summary>
    private const int MostChains = 4_000_000;

    private static readonly HashSet<string> s_none = [];

    private readonly Dictionary<string, HashSet<string>> _chains = new(StringComparer.Ordinal);
    private readonly Dictionary<JumpRule, int> _jumps = [];
    private readonly byte[][] _jumpLines = [.. JumpRule.Known.Select(jump => Encoding.ASCII.GetBytes(jump.Listing))];
    private string _table = "";
    private HashSet<string> _current = [];

    /// <summary>Lists tables, as they were at one moment.</summary>
    /// <param name="runner">Runs iptables-save.</param>
    /// <param name="tools">The tools.</param>
    /// <param name="table">The table; null for all that exist.</param>
    /// <param name="cancellation">Kills it.</param>
    /// <returns>The listing, or null and why not.</returns>
    public static async Task<(IptablesListing? Listing, string Error)> ReadAsync(ProcessRunner runner, IptablesTools tools, string? table, CancellationToken cancellation)
    {
        if (tools.Variant == IptablesVariant.Legacy)
        {
            return await ReadOnceAsync(runner, tools, table, cancellation); // the kernel gives out a table as a whole
        }

        ((IptablesListing? Listing, string Error) read, bool isSteady, _) = await ConsistentListing.ReadAsync(
            runner.Network,
            stop => ReadOnceAsync(runner, tools, table, stop),
            static (one, other) => one.Listing is not null && other.Listing is not null && one.Listing.IsSameAs(other.Listing),
            cancellation);
        return isSteady || read.Listing is null ? read : (null, "the rules changed each time they were listed");
    }

    /// <summary>The chains of a table whose names begin with KUBE-.</summary>
    public IReadOnlySet<string> Chains(string table) => _chains.TryGetValue(table, out HashSet<string>? chains) ? chains : s_none;

    /// <summary>How often a jump rule is there, word for word.</summary>
    public int Count(JumpRule jump) => _jumps.GetValueOrDefault(jump);

    /// <summary>Whether both have the same chains and jump rules.</summary>
    public bool IsSameAs(IptablesListing other) =>
        _chains.Count == other._chains.Count
        && _jumps.Count == other._jumps.Count
        && _chains.All(table => other._chains.TryGetValue(table.Key, out HashSet<string>? chains) && chains.SetEquals(table.Value))
        && _jumps.All(jump => other.Count(jump.Key) == jump.Value);

    /// <summary>Takes the next line.</summary>
    public void Take(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("*"u8))
        {
            _table = Encoding.ASCII.GetString(line[1..]).Trim();
            if (!_chains.TryGetValue(_table, out HashSet<string>? chains))
            {
                chains = new HashSet<string>(StringComparer.Ordinal);
                _chains.Add(_table, chains);
            }

            _current = chains;
        }
        else if (line.StartsWith(":KUBE-"u8))
        {
            int end = line.IndexOf((byte)' ');
            if (_current.Count < MostChains)
            {
                _current.Add(Encoding.ASCII.GetString(end < 0 ? line[1..] : line[1..end]));
            }
        }
        else if (line.StartsWith("-A "u8) && !line.StartsWith("-A KUBE-"u8))
        {
            for (int index = 0; index < _jumpLines.Length; index++)
            {
                if (JumpRule.Known[index].Table == _table && line.SequenceEqual(_jumpLines[index]))
                {
                    _jumps[JumpRule.Known[index]] = Count(JumpRule.Known[index]) + 1;
                }
            }
        }
    }

    private static async Task<(IptablesListing? Listing, string Error)> ReadOnceAsync(ProcessRunner runner, IptablesTools tools, string? table, CancellationToken cancellation)
    {
        IptablesListing listing = new();
        ToolCall call = new(tools.Save, table is null ? [] : ["-t", table]) { Limit = s_limit, Lines = listing.Take };
        ProcessResult result = await runner.RunAsync(call, cancellation);
        return result.IsSuccess ? (listing, "") : (null, result.Describe(tools.Save));
    }
}
