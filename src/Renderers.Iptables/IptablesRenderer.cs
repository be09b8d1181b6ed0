using System.Buffers;
using System.Runtime.InteropServices;
using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.Renderers.Iptables.Rendering;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Iptables;

/// <summary>
/// Writes the rules of one family as iptables text, byte for byte as iptables-save prints them back. Where kube-proxy's
/// order is random, Services come by namespace and name and their ports by name. Stateless; the output depends on the
/// arguments alone.
/// </summary>
public static class IptablesRenderer
{
    /// <summary>
    /// Writes what iptables-save prints after a sync on an otherwise empty host: mangle, filter and nat, built-in chains
    /// and the jump rules in them included. iptables-restore takes it on such a host.
    /// </summary>
    /// <param name="rules">The rules.</param>
    /// <param name="options">Features of the host's iptables.</param>
    /// <param name="output">Receives the text.</param>
    public static void WriteListing(FamilyRules rules, IptablesOptions options, IBufferWriter<byte> output)
    {
        ServicePortRules[] ports = PortsOf(rules);
        ChainTable chains = new(ports);
        RuleWriter writer = new(rules, ports, options, output);
        writer.MangleListing();
        writer.FilterListing();
        writer.NatListing(chains);
        writer.Flush();
    }

    /// <summary>
    /// Writes the input of <c>iptables-restore --noflush</c> for a full sync: every chain of this program is rewritten, and
    /// built-in chains are not changed.
    /// </summary>
    /// <param name="rules">The rules.</param>
    /// <param name="stale">Per-service chains that exist and are to be deleted; none of them may be in use by the rules.</param>
    /// <param name="options">Features of the host's iptables.</param>
    /// <param name="output">Receives the text.</param>
    /// <returns>The rules that were written.</returns>
    public static RuleCounts WriteFullRestore(FamilyRules rules, ReadOnlySpan<ChainName> stale, IptablesOptions options, IBufferWriter<byte> output) =>
        WriteFullRestore(rules, stale, RestoreAdditions.None, options, output);

    /// <summary>The same, with jump rules inserted in the same transactions.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="stale">Per-service chains that exist and are to be deleted; none of them may be in use by the rules.</param>
    /// <param name="additions">Missing jump rules and chains.</param>
    /// <param name="options">Features of the host's iptables.</param>
    /// <param name="output">Receives the text.</param>
    /// <returns>The rules that were written.</returns>
    public static RuleCounts WriteFullRestore(
        FamilyRules rules,
        ReadOnlySpan<ChainName> stale,
        RestoreAdditions additions,
        IptablesOptions options,
        IBufferWriter<byte> output)
    {
        ServicePortRules[] ports = PortsOf(rules);
        RuleWriter writer = new(rules, ports, options, output);
        writer.FilterRestore(additions);
        int written = 0;
        for (int length; (length = ServicesOfOneCommit(ports.AsSpan(written), options.ChainsPerCommit)) != ports.Length - written; written += length)
        {
            writer.NatRestore(new ChainTable(ports.AsSpan(written, length)), [], RestoreAdditions.None, SharedChains.Mark);
        }

        writer.NatRestore(new ChainTable(ports.AsSpan(written)), stale, additions, SharedChains.All);
        writer.Flush();
        return writer.Counts;
    }

    /// <summary>How many of the ports are written in one transaction: those of whole Services, of one at least.</summary>
    private static int ServicesOfOneCommit(ReadOnlySpan<ServicePortRules> ports, int chainsPerCommit)
    {
        const int ChainsOfPort = 4; // at most: KUBE-SVC, KUBE-SVL, KUBE-EXT, KUBE-FW
        int chains = 0, length = 0;
        while (length < ports.Length)
        {
            NamespacedName service = ports[length].Name.Service;
            int next = length;
            for (; next < ports.Length && ports[next].Name.Service == service; next++)
            {
                chains += ChainsOfPort + ports[next].Endpoints.Reachable.Length;
            }

            if (length != 0 && chains > chainsPerCommit)
            {
                break;
            }

            length = next;
        }

        return length;
    }

    /// <summary>A chain without rules, by whose absence other programs see that a table was flushed (spec 5.12).</summary>
    public const string CanaryChain = "KUBE-PROXY-CANARY";

    /// <summary>The names of all per-service chains of a full restore.</summary>
    public static IReadOnlySet<ChainName> PortChains(FamilyRules rules) => new ChainTable(PortsOf(rules)).Names();

    /// <summary>The names of the per-service chains of one Service.</summary>
    public static IReadOnlySet<ChainName> PortChains(ServiceRules service) => new ChainTable(service.Ports.AsSpan()).Names();

    /// <summary>
    /// Writes the input of <c>iptables-restore --noflush</c> that mends part of the rules: dispatch chains whole, and the
    /// per-service chains of some Services. The other chains have to be there.
    /// </summary>
    /// <param name="rules">The rules.</param>
    /// <param name="services">Those of its Services whose chains are written.</param>
    /// <param name="stale">Per-service chains that exist and are to be deleted; none of them may be in use by the rules.</param>
    /// <param name="additions">What the built-in chains lack.</param>
    /// <param name="options">What the host offers.</param>
    /// <param name="output">Receives the text.</param>
    /// <returns>The rules that were written.</returns>
    public static RuleCounts WriteRepair(
        FamilyRules rules,
        IEnumerable<ServiceRules> services,
        ReadOnlySpan<ChainName> stale,
        RestoreAdditions additions,
        IptablesOptions options,
        IBufferWriter<byte> output)
    {
        List<ServicePortRules> ports = [];
        foreach (ServiceRules service in services)
        {
            ports.AddRange(service.Ports.AsSpan());
        }

        return WriteRestore(rules, CollectionsMarshal.AsSpan(ports), stale, additions, options, output);
    }

    /// <summary>
    /// Writes the input of <c>iptables-restore --noflush</c> for a partial sync (spec 5.8): per-service chains only of Services that
    /// changed, the deletion of chains that are no longer needed (spec 5.9), and the dispatch chains of a table whole if one of
    /// their rules changes. kube-proxy writes those each time; with 10,000 Services they are nearly all of the cost
    /// (docs/decisions.md).
    /// </summary>
    /// <param name="change">The change; its settings must be the same before and after.</param>
    /// <param name="options">Features of the host's iptables.</param>
    /// <param name="output">Receives the text; none if the change makes no difference to the rules.</param>
    /// <returns>The rules that were written; of the filter table, and of dispatch chains of the nat table, none if they are left as they are.</returns>
    public static RuleCounts WritePartialRestore(FamilyChange change, IptablesOptions options, IBufferWriter<byte> output)
    {
        if (change.SettingsChanged)
        {
            throw new ArgumentException("the node's settings changed: a full restore is needed", nameof(change));
        }

        ServicePortRules[] changed = PortsOfChangedServices(change, change.After);
        (bool filter, bool nat) = ChangedDispatch(change, PortsOfChangedServices(change, change.Before), changed, options);
        ChainTable chains = new(changed);
        ChainName[] stale = StaleChains(change);
        RuleWriter writer = new(change.After, filter || nat ? PortsOf(change.After) : [], options, output);
        if (filter)
        {
            writer.FilterRestore(RestoreAdditions.None);
        }

        if (nat || chains.HasChains || stale.Length != 0)
        {
            writer.NatRestore(chains, stale, RestoreAdditions.None, nat ? SharedChains.All : SharedChains.None);
        }

        writer.Flush();
        return writer.Counts;
    }

    /// <summary>
    /// Writes a text for iptables-restore, in a network namespace without rules, that finds out which of many groups of Services
    /// the kernel refuses: each group in transactions of its own, behind a line <c># N</c> with its number, from 0. The tool ends
    /// at the first group that is refused.
    /// </summary>
    /// <param name="groups">The groups, with the same settings and without a Service in common; one at least.</param>
    /// <param name="replaces">
    /// Whether each group takes the place of the one before, for a restore without <c>--noflush</c>: then a transaction of
    /// iptables-legacy-restore, which writes the whole table, stays short. Otherwise the groups follow one another on top of shared
    /// chains that are written once, for a restore with <c>--noflush</c>: iptables-nft-restore waits some 10 ms for each
    /// transaction that flushes something.
    /// </param>
    /// <param name="options">Features of the host's iptables.</param>
    /// <param name="output">Receives the text.</param>
    public static void WriteTrials(IReadOnlyList<FamilyRules> groups, bool replaces, IptablesOptions options, IBufferWriter<byte> output)
    {
        RestoreAdditions additions = new(JumpRule.Of(groups[0].Settings), MakesSharedChain: true);
        if (!replaces)
        {
            RuleWriter shared = new(groups[0], default, options, output);
            shared.FilterRestore(additions);
            shared.NatRestore(new ChainTable(default), default, additions, SharedChains.All);
            shared.Flush();
        }

        for (int number = 0; number < groups.Count; number++)
        {
            ServicePortRules[] ports = PortsOf(groups[number]);
            ChainTable chains = new(ports);
            RuleWriter writer = new(groups[number], ports, options, output);
            writer.Mark(number);
            if (replaces)
            {
                writer.FilterRestore(additions);
                writer.NatRestore(chains, default, additions, SharedChains.All);
            }
            else
            {
                RuleWriter filter = new(groups[number], ports, options, new NullBufferWriter());
                filter.FilterDispatchRules();
                writer.Trial(chains, hasFilterRules: filter.Counts != default);
            }

            writer.Flush();
        }
    }

    /// <summary>How many rules in per-service chains of the nat table a change adds; negative when there are fewer afterwards.</summary>
    /// <param name="change">The change; its settings must be the same before and after.</param>
    /// <param name="options">Features of the host's iptables.</param>
    public static int NatPortRulesAdded(FamilyChange change, IptablesOptions options)
    {
        (ServicePortRules[] old, ServicePortRules[] current) = PortsOf(change);
        return CountPortRules(change.After, current, options) - CountPortRules(change.Before, old, options);
    }

    private static int CountPortRules(FamilyRules rules, ServicePortRules[] ports, IptablesOptions options)
    {
        RuleWriter writer = new(rules, default, options, new NullBufferWriter());
        writer.PortRules(new ChainTable(ports));
        return writer.Counts.NatPorts;
    }

    private static RuleCounts WriteRestore(
        FamilyRules rules,
        ReadOnlySpan<ServicePortRules> ports,
        ReadOnlySpan<ChainName> stale,
        RestoreAdditions additions,
        IptablesOptions options,
        IBufferWriter<byte> output)
    {
        RuleWriter writer = new(rules, PortsOf(rules), options, output);
        writer.FilterRestore(additions);
        writer.NatRestore(new ChainTable(ports), stale, additions, SharedChains.All);
        writer.Flush();
        return writer.Counts;
    }

    /// <summary>
    /// Whether a rule in the dispatch chains of a table changes. Each rule there depends on one service port, and those of a
    /// Service stand together, so the chains are the same exactly if the rules of the changed Services are.
    /// </summary>
    private static (bool Filter, bool Nat) ChangedDispatch(FamilyChange change, ServicePortRules[] old, ServicePortRules[] current, IptablesOptions options)
    {
        ArrayBufferWriter<byte> before = new(), after = new();
        int filterBefore = WriteDispatch(change.Before, old, options, before);
        int filterAfter = WriteDispatch(change.After, current, options, after);
        return (
            !before.WrittenSpan[..filterBefore].SequenceEqual(after.WrittenSpan[..filterAfter]),
            !before.WrittenSpan[filterBefore..].SequenceEqual(after.WrittenSpan[filterAfter..]));
    }

    /// <summary>Writes the rules that dispatch chains have for some service ports: filter, then nat.</summary>
    /// <returns>The length of those of the filter table.</returns>
    private static int WriteDispatch(FamilyRules rules, ServicePortRules[] ports, IptablesOptions options, ArrayBufferWriter<byte> output)
    {
        RuleWriter writer = new(rules, ports, options, output);
        writer.FilterDispatchRules();
        writer.Flush();
        int filter = output.WrittenCount;
        writer.NatDispatchRules();
        writer.Flush();
        return filter;
    }

    private static ServicePortRules[] PortsOf(FamilyRules rules)
    {
        List<ServicePortRules> ports = new(rules.Services.Count);
        foreach (ServiceRules service in rules.Services.Values)
        {
            ports.AddRange(service.Ports.AsSpan());
        }

        return [.. ports];
    }

    /// <summary>All ports, before or after the change, of each Service with a changed port, which is the unit that kube-proxy rewrites.</summary>
    private static ServicePortRules[] PortsOfChangedServices(FamilyChange change, FamilyRules rules)
    {
        List<ServicePortRules> ports = [];
        ServiceRules? last = null;
        foreach (ServicePortChange port in change.Ports)
        {
            if (rules.Services.TryGetValue(port.Name.Service, out ServiceRules? service) && !ReferenceEquals(service, last))
            {
                ports.AddRange(service.Ports.AsSpan());
                last = service;
            }
        }

        return [.. ports];
    }

    /// <summary>The changed ports as they were and as they are.</summary>
    private static (ServicePortRules[] Old, ServicePortRules[] Current) PortsOf(FamilyChange change)
    {
        List<ServicePortRules> old = [];
        List<ServicePortRules> current = [];
        foreach (ServicePortChange port in change.Ports)
        {
            if (port.Old is not null)
            {
                old.Add(port.Old);
            }

            if (port.New is not null)
            {
                current.Add(port.New);
            }
        }

        return ([.. old], [.. current]);
    }

    private static ChainName[] StaleChains(FamilyChange change)
    {
        (ServicePortRules[] old, ServicePortRules[] current) = PortsOf(change);
        HashSet<ChainName> names = new ChainTable(old).Names();
        names.ExceptWith(new ChainTable(current).Names());
        ChainName[] stale = [.. names];
        Array.Sort(stale, static (left, right) =>
            left.Kind != right.Kind ? left.Kind.CompareTo(right.Kind) : left.Hash.CompareTo(right.Hash));
        return stale;
    }
}

/// <summary>Features of the host's iptables and kernel; the defaults are those of a usual node.</summary>
public sealed record IptablesOptions
{
    /// <summary>The nfacct object that counts dropped INVALID packets (spec 1.6).</summary>
    public const string InvalidDropCounterName = "ct_state_invalid_dropped_pkts";

    /// <summary>The nfacct object that counts packets to node ports on localhost (spec 1.6).</summary>
    public const string LocalhostCounterName = "localhost_nps_accepted_pkts";

    /// <summary>The defaults.</summary>
    public static IptablesOptions Default { get; } = new();

    /// <summary>Whether the nfacct object <see cref="InvalidDropCounterName"/> exists; the rule is written without it otherwise.</summary>
    public bool HasInvalidDropCounter { get; init; } = true;

    /// <summary>
    /// Whether the nfacct object <see cref="LocalhostCounterName"/> exists; without it the rules that exist only to count
    /// are left out.
    /// </summary>
    public bool HasLocalhostCounter { get; init; } = true;

    /// <summary>
    /// Up to how many chains of Services a full restore has in one transaction; those that follow are transactions of their own,
    /// Services whole and the dispatch chains last. For each line iptables-nft-restore 1.8 walks a list of all chains that
    /// the transaction has named so far, unless it flushes the table.
    /// </summary>
    public int ChainsPerCommit { get; init; } = int.MaxValue;

    /// <summary>
    /// Whether rules count the connections of service ports in nfacct objects, which <see cref="ServiceCounters"/> names and which
    /// must exist. Their counts stay when rules are rewritten.
    /// </summary>
    public bool HasServiceCounters { get; init; }

    /// <summary>Whether MASQUERADE supports <c>--random-fully</c> (iptables 1.6.2 and later).</summary>
    public bool HasRandomFully { get; init; } = true;
}

/// <summary>What a full restore adds to the chains of this program.</summary>
/// <param name="Jumps">Jump rules that are missing, in the order of <see cref="JumpRule.Known"/>.</param>
/// <param name="MakesSharedChain">Whether <see cref="JumpRule.SharedChain"/> does not exist and must be created.</param>
/// <param name="MakesCanaries">Whether the empty chains are created by which other programs detect a flush (spec 5.12).</param>
public sealed record RestoreAdditions(IReadOnlyList<JumpRule> Jumps, bool MakesSharedChain, bool MakesCanaries = false)
{
    /// <summary>No additions.</summary>
    public static RestoreAdditions None { get; } = new([], false);

    /// <summary>Whether <see cref="JumpRule.EgressChain"/> is there though the rules do not have it, and is deleted.</summary>
    public bool RemovesEgressChain { get; init; }

    /// <summary>How many jumps to it are deleted before.</summary>
    public int SurplusEgressJumps { get; init; }
}

/// <summary>How many rules a restore appends; jump rules and deletions are not counted (spec 10.1).</summary>
/// <param name="Filter">Rules of the filter table.</param>
/// <param name="NatShared">Rules in the chains of the nat table that do not belong to one service port.</param>
/// <param name="NatPorts">Rules in the per-service chains of the nat table.</param>
public readonly record struct RuleCounts(int Filter, int NatShared, int NatPorts)
{
    /// <summary>Rules of the nat table.</summary>
    public int Nat => NatShared + NatPorts;
}
