using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>
/// Finds the chains of ours that differ between the rules there should be and a listing by iptables-save. Of each chain
/// only a hash is kept, and only as long as the comparison lasts.
/// </summary>
internal sealed class ChainComparison
{
    private const ulong Declared = 1; // a chain without rules; 0 is none

    private static readonly ulong s_nat = LineHash.Append(LineHash.Empty, "*nat"u8);

    private readonly Dictionary<ulong, Chain> _chains = [];
    private readonly HashSet<ChainName> _stale = []; // a listing may declare a chain twice
    private ulong _table;

    /// <summary>Renders the rules that there should be, and remembers a hash of each chain.</summary>
    public ChainComparison(FamilyRules rules, IptablesOptions options) =>
        IptablesRenderer.WriteListing(rules, options, new LineSplitter(TakeWanted));

    /// <summary>Number of per-service chains that there should be.</summary>
    public int PortChains { get; private set; }

    /// <summary>Number of rules in them.</summary>
    public int PortRules { get; private set; }

    /// <summary>Per-service chains that there should not be.</summary>
    public IReadOnlyCollection<ChainName> Stale => _stale;

    /// <summary>Number of per-service chains that differ or are missing.</summary>
    public int DifferingPortChains => _chains.Values.Count(static chain => chain.IsPortChain && chain.Wanted != chain.Live);

    /// <summary>Number of all chains that differ or are missing.</summary>
    public int DifferingChains => _chains.Values.Count(static chain => chain.Wanted != chain.Live) + _stale.Count;

    /// <summary>Whether the chain of a service port, or of one of its endpoints, differs.</summary>
    public bool Differs(ChainName name)
    {
        Span<byte> text = stackalloc byte[ChainName.MaxTextLength];
        ReadOnlySpan<byte> chain = text[..name.Format(text)];
        return _chains.TryGetValue(LineHash.Append(s_nat, chain), out Chain found) && found.Wanted != found.Live;
    }

    /// <summary>Forgets what was listed.</summary>
    public void StartListing()
    {
        _stale.Clear();
        _table = 0;
        foreach (ulong key in _chains.Keys)
        {
            CollectionsMarshal.GetValueRefOrNullRef(_chains, key).Live = 0;
        }
    }

    /// <summary>Takes the next line of iptables-save.</summary>
    public void TakeLive(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> name = ReadName(line);
        if (name.IsEmpty)
        {
            return;
        }

        ref Chain chain = ref CollectionsMarshal.GetValueRefOrNullRef(_chains, LineHash.Append(_table, name));
        bool isDeclaration = line[0] == ':';
        if (!Unsafe.IsNullRef(ref chain))
        {
            chain.Live = Next(chain.Live, line, isDeclaration);
        }
        else if (isDeclaration && _table == s_nat && ChainName.TryParse(Encoding.ASCII.GetString(name), out ChainName stale))
        {
            _stale.Add(stale);
        }
    }

    private void TakeWanted(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> name = ReadName(line);

        // The kubelet writes KUBE-FIREWALL as well.
        if (name.IsEmpty || name.SequenceEqual("KUBE-FIREWALL"u8))
        {
            return;
        }

        bool isDeclaration = line[0] == ':';
        ref Chain chain = ref CollectionsMarshal.GetValueRefOrAddDefault(_chains, LineHash.Append(_table, name), out _);
        chain.Wanted = Next(chain.Wanted, line, isDeclaration);
        chain.IsPortChain = _table == s_nat && IsPortChain(name);
        PortChains += chain.IsPortChain && isDeclaration ? 1 : 0;
        PortRules += chain.IsPortChain && !isDeclaration ? 1 : 0;
    }

    /// <summary>The name of the chain that a line declares or adds a rule to; empty if it is none that begins with KUBE-.</summary>
    private ReadOnlySpan<byte> ReadName(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("*"u8))
        {
            _table = LineHash.Append(LineHash.Empty, line);
            return [];
        }

        ReadOnlySpan<byte> name = line.StartsWith(":"u8) ? line[1..] : line.StartsWith("-A "u8) ? line[3..] : [];
        int end = name.IndexOf((byte)' ');
        return end > 0 && name.StartsWith("KUBE-"u8) ? name[..end] : [];
    }

    /// <summary>Counters of a declaration may differ. The order of rules in a chain matters; that a chain is listed twice shows, too.</summary>
    private static ulong Next(ulong hash, ReadOnlySpan<byte> line, bool isDeclaration) =>
        LineHash.Append(hash, isDeclaration ? Declared : LineHash.Append(LineHash.Empty, line));

    private static bool IsPortChain(ReadOnlySpan<byte> name)
    {
        foreach (ChainKind kind in (ReadOnlySpan<ChainKind>)[ChainKind.External, ChainKind.Firewall, ChainKind.Endpoint, ChainKind.Service, ChainKind.Local])
        {
            if (name.StartsWith(ChainName.PrefixOf(kind)))
            {
                return true;
            }
        }

        return false;
    }

    private struct Chain
    {
        public ulong Wanted;
        public ulong Live;
        public bool IsPortChain;
    }
}
