using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <content>Matches that may not be decided: both answers are followed, and each path remembers which of them it assumed.</content>
internal sealed partial class MatchEvaluation
{
    private WalkState? MatchInterface(in RuleRun run, int index, bool isTraced, RuleStep.InterfaceMatch match, WalkState state)
    {
        if (match.IsInput && state.InputInterface == WalkPacket.UnknownInterface)
        {
            // What comes from another host does not come over loopback.
            return _context.KnowsAddresses && IsLoopback(match) ? PacketSplit.Decide(run, match.IsNegated, state) : MatchOpenInterface(run, match, 0, state);
        }

        if (match.IsInput)
        {
            return PacketSplit.Decide(run, IsNamed(match, state.InputInterface) != match.IsNegated, state);
        }

        if (run.Call.Hook is Hook.Prerouting or Hook.Input)
        {
            // There is none yet: an empty name, which a prefix of no letters fits (net/ipv4/netfilter/ip_tables.c).
            return PacketSplit.Decide(run, IsNamed(match, "") != match.IsNegated, state);
        }

        if (_context.Packet is not null && run.Call.Hook is Hook.Output or Hook.Postrouting && _context.Node.IsLocal(state.RoutedTo))
        {
            return PacketSplit.Decide(run, IsNamed(match, "lo") != match.IsNegated, state);
        }

        if (state.OutputInterface is null && OutputRoute.InterfaceOf(_context, state) is { } routed)
        {
            return PacketSplit.Decide(run, IsNamed(match, routed) != match.IsNegated, state);
        }

        if (state.OutputInterface is null && _context.Packet is not null)
        {
            bool isElsewhere = _context.KnowsAddresses && !_context.Node.IsLocal(state.RoutedTo);
            return isElsewhere && IsLoopback(match) ? PacketSplit.Decide(run, match.IsNegated, state) : MatchOpenInterface(run, match, state.Route + 1, state);
        }

        if (state.OutputInterface is null && _context.OutputInterfaces.Count == 0)
        {
            // The output interface depends on routing, which rules do not contain.
            return MatchUnknown(run, new RuleStep.UnknownMatch("the interface that it leaves by"), state);
        }

        if (state.OutputInterface is null)
        {
            // All interfaces that rules name, and one that they do not name.
            foreach (string name in _context.OutputInterfaces)
            {
                WalkState branch = state.Copy();
                branch.OutputInterface = name;
                _rules.ApplySteps(run, index, branch, isTraced);
            }

            return null;
        }

        return PacketSplit.Decide(run, IsNamed(match, state.OutputInterface) != match.IsNegated, state);
    }

    private static bool IsLoopback(RuleStep.InterfaceMatch match) => match is { Name: "lo", IsPrefix: false };

    private static bool IsNamed(RuleStep.InterfaceMatch match, string name) => match.IsPrefix
        ? name.StartsWith(match.Name, StringComparison.Ordinal)
        : string.Equals(name, match.Name, StringComparison.Ordinal);

    /// <summary>An interface that was not given: what was assumed of its name so far may decide.</summary>
    private static WalkState? MatchOpenInterface(in RuleRun run, RuleStep.InterfaceMatch match, int route, WalkState state)
    {
        if (AssumedCondition.Find(state.Assumed, match, route) is { } isSo)
        {
            return PacketSplit.Decide(run, isSo != match.IsNegated, state);
        }

        RuntimeCondition condition = new("", 0, "interface") { Interface = match with { IsNegated = false }, Route = route };
        WalkTraceEntry doubt = run.TraceEntry("may match", state) with
        {
            IsDoubtful = true,
            DependsOn = match.IsInput ? "the interface that the packet comes in by" : "the interface that the packet leaves by",
            Missing = match.IsInput ? MissingFact.InputInterface : MissingFact.OutputInterface,
        };
        return PacketSplit.Assume(run, condition, state, match.IsNegated, doubt);
    }

    private static WalkState? MatchOpenSourcePort(in RuleRun run, PortSet passing, PortSet failing, bool isNegated, RuleStep match, WalkState state)
    {
        WalkTraceEntry doubt = run.TraceEntry("may match", state) with { IsDoubtful = true, DependsOn = "the source port", Missing = MissingFact.SourcePort };
        RuntimeCondition condition = new("", 0, $"{match} {run.Call.Hook} {run.Call.Plan.Chain.Name} {run.Position}");
        PortSet all = state.SourcePorts;
        state.Trace = new(doubt, state.Trace);
        WalkState failed = state.Copy();
        failed.SourcePorts = failing;
        failed.Assumed = new(condition, IsTrue: isNegated, state.Assumed) { Doubt = doubt, SourcePorts = all };
        run.Next.Add(failed);
        state.Assumed = new(condition, IsTrue: !isNegated, state.Assumed) { Doubt = doubt, SourcePorts = all };
        state.SourcePorts = passing;
        return state;
    }

    private WalkState? MatchUnknown(in RuleRun run, RuleStep.UnknownMatch match, WalkState state)
    {
        if (_context.Packet is null)
        {
            return PacketSplit.Assume(run, new RuntimeCondition("", 0, match.Text + match.Contents), state);
        }

        if (match.OfForwarded is { } answer && state.InputInterface.Length != 0)
        {
            return PacketSplit.Decide(run, answer, state);
        }

        WalkTraceEntry doubt = run.TraceEntry("may match", state) with { IsDoubtful = true, DependsOn = match.DependsOn, Missing = match.IsOfIpSet ? MissingFact.IpSet : MissingFact.None };

        // What a rule says of the packet holds for another rule too, as long as the packet is the same.
        string key = match.Fact.Length != 0
            ? $"{match.Fact} {state.IsRewritten} {state.IsMasqueraded}"
            : $"{match.Text} {run.Call.Hook} {run.Call.Plan.Table.Name} {run.Call.Plan.Chain.Name} {run.Position}";
        return PacketSplit.Assume(run, new RuntimeCondition("", 0, key), state, match.IsNegated && match.Fact.Length != 0, doubt);
    }

    private WalkState? MatchAddressType(in RuleRun run, RuleStep.AddressTypeMatch match, WalkState state)
    {
        if (match.Field == PacketField.Source && state.NewSource is { Addresses: null } && _context.Packet is not null)
        {
            // Masquerading gives an address of the node.
            return PacketSplit.Decide(run, AddressTyping.Matches(match with { OfInterface = false }, AddressTypes.Local, IpAddress.FromBits(state.Sources.First)) == true != match.IsNegated, state);
        }

        IpAddress? address = match.Field == PacketField.Destination ? state.Destination
            : state.NewSource?.Addresses is { } source && _context.Packet is not null ? source.IsSingle ? IpAddress.FromBits(source.First) : null
            : state.Sources.IsSingle ? IpAddress.FromBits(state.Sources.First)
            : null;
        bool isForThisNode = match.Field == PacketField.Destination && state.IsToThisNode;
        bool? isMatch = address is null ? null : AddressTyping.Matches(match, isForThisNode ? AddressTypes.Local : AddressTyping.Of(address.Value, _context.Node), address.Value);
        return isMatch is { } isSo
            ? PacketSplit.Decide(run, isSo != match.IsNegated, state)
            : MatchUnknown(run, new RuleStep.UnknownMatch(match.ToString()) { DependsOn = match.OfInterface ? "which interface has the address" : "the type that routing gives the address" }, state);
    }

    /// <summary>The source after its translation, for chains that come later than that.</summary>
    private WalkState? MatchNewSource(in RuleRun run, RuleStep.AddressMatch match, SourceTranslation source, WalkState state)
    {
        // Of masquerading only routing knows the address: it is one of the node's.
        IEnumerable<AddressRange> possible = source.Addresses is { } addresses ? [addresses] : _context.Node.Addresses.Select(AddressRange.Of);
        bool mayBeInside = false;
        bool mayBeOutside = false;
        bool isAny = false;
        foreach (AddressRange range in possible)
        {
            AddressSet.Of(range).Split(_context.Plan.Of(match), out AddressSet? inside, out AddressSet? outside);
            mayBeInside |= inside is not null;
            mayBeOutside |= outside is not null;
            isAny = true;
        }

        return isAny && mayBeInside != mayBeOutside
            ? PacketSplit.Decide(run, mayBeInside != match.IsNegated, state)
            : MatchUnknown(run, new RuleStep.UnknownMatch(match.ToString()) { DependsOn = "the address that the source is rewritten to" }, state);
    }
}
