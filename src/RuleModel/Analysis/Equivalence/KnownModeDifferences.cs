using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Tells whether a difference between iptables and nftables rules is one that the modes have. What the nftables rules treat
/// specially is read from them, so that nothing else passes for a difference of the modes.
/// </summary>
internal sealed class KnownModeDifferences
{
    private readonly NodeView _node;
    private readonly bool _isSecondNft;
    private readonly HashSet<IpAddress> _clusterIps = [];
    private readonly List<AddressRange> _serviceCidrs = [];
    private readonly HashSet<IpAddress> _firewalled = [];
    private readonly HashSet<IpAddress> _withoutEndpoints = [];
    private readonly List<RuleStep[]> _nodePortGuards = [];

    private readonly List<RuleStep.MarkMatch> _acceptedMarks = [];

    private KnownModeDifferences(RulePlan nft, RulePlan iptables, NodeView node, bool isSecondNft)
    {
        _node = node;
        _isSecondNft = isSecondNft;
        foreach (WalkTable table in nft.Rules.Tables)
        {
            foreach (WalkChain chain in table.Chains.Values)
            {
                foreach (WalkRule rule in chain.Rules)
                {
                    Read(nft, chain, rule);
                }
            }
        }

        foreach (WalkRule rule in iptables.Rules.Tables.SelectMany(table => table.Chains.Values).Where(chain => chain.Name == "KUBE-FORWARD").SelectMany(chain => chain.Rules))
        {
            if (rule.Steps.Length != 0 && rule.Steps[rule.Steps.Length - 1] is RuleStep.Verdict { Kind: WalkVerdict.Accept })
            {
                _acceptedMarks.AddRange(rule.Steps.AsSpan().ToArray().OfType<RuleStep.MarkMatch>());
            }
        }
    }

    /// <summary>The known differences, if one rule set is of nftables and the other is not; else null.</summary>
    public static KnownModeDifferences? Of(RulePlan a, RulePlan b, NodeView node) => (IsNft(a), IsNft(b)) switch
    {
        (true, false) => new(a, b, node, isSecondNft: false),
        (false, true) => new(b, a, node, isSecondNft: true),
        _ => null,
    };

    /// <summary>The documented difference that explains what differs; null if none does.</summary>
    public ModeDifference? Classify(IpAddress destination, TrafficOrigin origin, in ComparedCell cell, List<ResultShare> a, List<ResultShare> b)
    {
        List<ResultShare> iptables = _isSecondNft ? a : b;
        List<ResultShare> nft = _isSecondNft ? b : a;
        bool isLeftAlone = iptables.TrueForAll(share => share.Result.IsPassing);
        bool isNftLeftAlone = nft.TrueForAll(share => share.Result.IsPassing);
        if (isLeftAlone && Is(nft, WalkVerdict.Reject) && _clusterIps.Contains(destination))
        {
            return ModeDifference.UnusedPorts;
        }

        if (isLeftAlone && Is(nft, WalkVerdict.Drop) && !_clusterIps.Contains(destination)
            && _serviceCidrs.Exists(range => range.Contains(destination.ToBits())))
        {
            return ModeDifference.ServiceCidrs;
        }

        uint mark = cell.Mark;
        if (isLeftAlone && (Is(nft, WalkVerdict.Reject) || Is(nft, WalkVerdict.Drop))
            && _acceptedMarks.Exists(match => (mark & match.Mask) == match.Value != match.IsNegated))
        {
            return ModeDifference.MarkedPackets;
        }

        if (isLeftAlone && origin.Interface is null && (Is(nft, WalkVerdict.Reject) || Is(nft, WalkVerdict.Drop))
            && _withoutEndpoints.Contains(destination) && !_clusterIps.Contains(destination))
        {
            return ModeDifference.NodeToExternal;
        }

        if (isNftLeftAlone && cell.Kinds == ConnectionKinds.Invalid && Is(iptables, WalkVerdict.Drop))
        {
            return ModeDifference.InvalidPackets;
        }

        if (isNftLeftAlone && _node.IsLocal(destination) && !HasNodePorts(destination))
        {
            return destination.IsLoopback ? ModeDifference.Localhost : ModeDifference.NodePortAddresses;
        }

        if ((Is(iptables, WalkVerdict.Reject) && Is(nft, WalkVerdict.Drop)) && _firewalled.Contains(destination))
        {
            return ModeDifference.SourceRanges;
        }

        IpAddress? source = cell.Sources.IsSingle ? IpAddress.FromBits(cell.Sources.First) : null;
        return AreSame(iptables, nft, source, refusesClusterIps: false) ? ModeDifference.Hairpin
            : AreSame(iptables, nft, source, refusesClusterIps: true) ? ModeDifference.EndpointIsClusterIp
            : null;
    }

    private static bool IsNft(RulePlan plan) => plan.Rules.Tables.Exists(table => table.Name == "kube-proxy" && table.Chains.ContainsKey("services"));

    private static bool Is(List<ResultShare> shares, WalkVerdict verdict) => shares.TrueForAll(share => share.Result.Verdict == verdict);

    /// <summary>
    /// Whether both do the same but that iptables masquerades what an endpoint sends to itself, and, if that is asked, that
    /// nftables refuses what is sent on to a cluster IP.
    /// </summary>
    private bool AreSame(List<ResultShare> iptables, List<ResultShare> nft, IpAddress? source, bool refusesClusterIps)
    {
        Dictionary<WalkResult, double> shares = [];
        bool isMasqueradedByBoth = nft.Exists(share => share.Result.Target is not null && share.Result.Target == source && share.Result.IsMasqueraded);
        foreach ((WalkResult result, double share) in iptables)
        {
            WalkResult plain = result.Target is not null && result.Target == source && !isMasqueradedByBoth ? result with { IsMasqueraded = false } : result;
            if (refusesClusterIps && result.Target is { } target && _clusterIps.Contains(target))
            {
                plain = new(WalkVerdict.Reject, RejectTexts.Canonical(""), null, 0, IsMasqueraded: false, "", result.Unknown);
            }

            shares[plain] = shares.GetValueOrDefault(plain) + share;
        }

        foreach ((WalkResult result, double share) in nft)
        {
            shares[result] = shares.GetValueOrDefault(result) - share;
        }

        return shares.Values.All(static share => Math.Abs(share) < 1e-6);
    }

    /// <summary>Whether the nftables rules look at node ports of an address.</summary>
    private bool HasNodePorts(IpAddress destination) => _nodePortGuards.Exists(guards => Array.TrueForAll(guards, guard => guard switch
    {
        RuleStep.AddressMatch match => match.Ranges.AsSpan().ToArray().Any(range => range.Contains(destination.ToBits())) != match.IsNegated,
        RuleStep.SetMatch match => match.Set.Contains(destination.ToString()) != match.IsNegated,
        RuleStep.LocalMatch match => _node.IsLocal(destination) != match.IsNegated,
        _ => true,
    }));

    private void Read(RulePlan plan, WalkChain chain, WalkRule rule)
    {
        ReadOnlySpan<RuleStep> steps = rule.Steps.AsSpan();
        if (steps.Length == 0)
        {
            return;
        }

        foreach (RuleStep step in steps)
        {
            if (step is RuleStep.VerdictLookup lookup)
            {
                ReadLookup(plan, lookup, steps);
            }
        }

        if (chain.Name != "cluster-ips-check")
        {
            return;
        }

        switch (steps[0], steps[^1])
        {
            case (RuleStep.SetMatch { IsNegated: false } match, RuleStep.Reject):
                _clusterIps.UnionWith(plan.Of(match).Destinations);
                break;
            case (RuleStep.AddressMatch { IsNegated: false, Field: PacketField.Destination } match, RuleStep.Verdict { Kind: WalkVerdict.Drop }):
                _serviceCidrs.AddRange(match.Ranges.AsSpan());
                break;
        }
    }

    private void ReadLookup(RulePlan plan, RuleStep.VerdictLookup lookup, ReadOnlySpan<RuleStep> steps)
    {
        switch (lookup.Map.Name)
        {
            case "firewall-ips":
                _firewalled.UnionWith(plan.Of(lookup).Destinations);
                break;
            case "no-endpoint-services":
                _withoutEndpoints.UnionWith(plan.Of(lookup).Destinations);
                break;
        }

        bool isOfPorts = lookup.Key.Length == 2
            && lookup.Key[0].Field == PacketField.Protocol
            && lookup.Key[1].Field == PacketField.DestinationPort;
        if (isOfPorts)
        {
            _nodePortGuards.Add(Array.FindAll(steps.ToArray(), static step =>
                step is RuleStep.AddressMatch { Field: PacketField.Destination } or RuleStep.LocalMatch { Field: PacketField.Destination }
                    or RuleStep.SetMatch { Key: { Length: 1 } }));
        }
    }
}
