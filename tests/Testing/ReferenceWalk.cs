using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Testing;

/// <summary>
/// A simple reference implementation of the walk of one packet through a rule set, rule by rule, without sets and indexes. It
/// shares only the parsed rules with the product's interpreter, which is checked against it.
/// </summary>
/// <param name="rules">The rules.</param>
/// <param name="local">The addresses on the node's interfaces.</param>
public sealed class ReferenceWalk(Ruleset rules, IReadOnlyCollection<IpAddress> local)
{
    private readonly HashSet<string> _asked =
    [
        .. rules.Tables.SelectMany(table => table.Chains.Values).SelectMany(chain => chain.Rules)
            .SelectMany(rule => rule.Steps.AsSpan().ToArray()).OfType<RuleStep.KnownClientMatch>().Select(match => match.List),
    ];

    private WalkPacket _packet = null!;

    /// <summary>The results for a packet, with their probabilities.</summary>
    public SortedDictionary<string, double> Send(WalkPacket packet)
    {
        _packet = packet;
        IpAddress source = IpAddress.FromBits(packet.Source.First);
        Packet start = new(source, packet.Destination, packet.DestinationPort, packet.InputInterface ?? "", packet.Mark, 1, false, false, "");
        List<(Packet Packet, string Fate)> ends = [];
        if (packet.InputInterface is null)
        {
            List<Packet> sent = Hooks(Hook.Postrouting, Hooks(Hook.Output, [start], ends, true), ends, true);
            List<Packet> back = Hooks(Hook.Prerouting, [.. sent.Where(IsLocal).Select(one => one with { In = "lo" })], ends, false);
            ends.AddRange(Hooks(Hook.Input, back, ends, false).Select(one => (one, "accept")));
            ends.AddRange(sent.Where(one => !IsLocal(one)).Select(one => (one, "accept")));
        }
        else
        {
            List<Packet> routed = Hooks(Hook.Prerouting, [start], ends, true);
            ends.AddRange(Hooks(Hook.Input, [.. routed.Where(IsLocal)], ends, true).Select(one => (one, "accept")));
            List<Packet> forwarded = Hooks(Hook.Forward, [.. routed.Where(one => !IsLocal(one))], ends, true);
            ends.AddRange(Hooks(Hook.Postrouting, forwarded, ends, true).Select(one => (one, "accept")));
        }

        SortedDictionary<string, double> fates = new(StringComparer.Ordinal);
        foreach ((Packet end, string fate) in ends)
        {
            string words = fate != "accept" ? fate
                : $"to {(end.IsRewritten ? new EndpointAddress(end.To, end.Port).ToString() : "where it was sent")}{(end.IsMasqueraded ? " masqueraded" : "")}{end.Remembered}";
            fates[words] = fates.GetValueOrDefault(words) + end.Chance;
        }

        return fates;
    }

    /// <summary>Whether two results are equal, within the precision of iptables' probabilities.</summary>
    public static bool AreSame(SortedDictionary<string, double> left, SortedDictionary<string, double> right) =>
        left.Keys.Union(right.Keys).All(fate => Math.Abs(left.GetValueOrDefault(fate) - right.GetValueOrDefault(fate)) < 1e-7);

    private bool IsLocal(Packet packet) => IsLocal(packet.To);

    private bool IsLocal(IpAddress address) => address.IsLoopback || local.Contains(address);

    private List<Packet> Hooks(Hook hook, List<Packet> packets, List<(Packet, string)> ends, bool withNat)
    {
        IEnumerable<(WalkTable Table, WalkChain Chain)> chains = rules.Tables
            .SelectMany(table => table.Chains.Values.Select(chain => (table, chain)))
            .Where(entry => entry.chain.Hook == hook)
            .OrderBy(entry => entry.chain.Priority);
        foreach ((WalkTable table, WalkChain chain) in chains)
        {
            List<Packet> next = [];
            foreach (Packet packet in packets)
            {
                bool isDone = hook is Hook.Prerouting or Hook.Output ? packet.IsRewritten : packet.IsMasqueraded;
                if (chain.IsNat && (!withNat || isDone || (_packet.State & ConnectionStates.New) == 0))
                {
                    next.Add(packet);
                    continue;
                }

                foreach ((Packet left, string how) in Chain(table, chain, packet))
                {
                    string fate = how == "return" ? chain.Policy == WalkVerdict.Drop ? "drop" : "accept" : how;
                    if (fate == "accept")
                    {
                        next.Add(left);
                    }
                    else
                    {
                        ends.Add((left, fate));
                    }
                }
            }

            packets = next;
        }

        return packets;
    }

    private List<(Packet Packet, string How)> Chain(WalkTable table, WalkChain chain, Packet packet)
    {
        List<(Packet, string)> left = [];
        List<Packet> here = [packet];
        foreach (WalkRule rule in chain.Rules)
        {
            List<Packet> next = [];
            foreach (Packet one in here)
            {
                Rule(table, rule, 0, one, next, left);
            }

            here = next;
        }

        left.AddRange(here.Select(one => (one, "return")));
        return left;
    }

    private void Rule(WalkTable table, WalkRule rule, int at, Packet packet, List<Packet> next, List<(Packet, string)> left)
    {
        if (at == rule.Steps.Length)
        {
            next.Add(packet);
            return;
        }

        switch (rule.Steps[at])
        {
            case RuleStep.RandomMatch random:
                if (random.Probability < 1)
                {
                    next.Add(packet with { Chance = packet.Chance * (1 - random.Probability) });
                }

                if (random.Probability > 0)
                {
                    Rule(table, rule, at + 1, packet with { Chance = packet.Chance * random.Probability }, next, left);
                }

                break;
            case RuleStep.VerdictLookup lookup:
                Lookup(lookup.Key, packet, (key, one) =>
                {
                    if (!lookup.Map.Steps.TryGetValue(key, out RuleStep? found))
                    {
                        next.Add(one);
                    }
                    else if (Act(table, found, one, left) is { } on)
                    {
                        on.ForEach(each => Rule(table, rule, at + 1, each, next, left));
                    }
                });
                break;
            case RuleStep.DnatLookup lookup:
                Lookup(lookup.Key, packet, (key, one) =>
                {
                    if (lookup.Map.Targets.TryGetValue(key, out EndpointAddress target))
                    {
                        left.Add((one with { To = target.Address, Port = target.Port, IsRewritten = true }, "accept"));
                    }
                    else
                    {
                        next.Add(one);
                    }
                });
                break;
            case RuleStep step when Matches(step, packet) is { } isMatch:
                if (isMatch)
                {
                    Rule(table, rule, at + 1, packet, next, left);
                }
                else
                {
                    next.Add(packet);
                }

                break;
            case RuleStep step:
                Act(table, step, packet, left)?.ForEach(on => Rule(table, rule, at + 1, on, next, left));
                break;
        }
    }

    /// <summary>Executes a statement, and returns the packets that continue in the rule.</summary>
    private List<Packet>? Act(WalkTable table, RuleStep step, Packet packet, List<(Packet, string)> left)
    {
        switch (step)
        {
            case RuleStep.Verdict verdict:
                left.Add((packet, verdict.Kind switch { WalkVerdict.Accept => "accept", WalkVerdict.Drop => "drop", _ => "return" }));
                return null;
            case RuleStep.Reject reject:
                left.Add((packet, "reject " + reject.With.Replace("icmp6-", "", StringComparison.Ordinal).Replace("icmp-", "", StringComparison.Ordinal)));
                return null;
            case RuleStep.Masquerade:
                left.Add((packet with { IsMasqueraded = true }, "accept"));
                return null;
            case RuleStep.Dnat dnat:
                left.Add((packet with { To = dnat.Address ?? packet.To, Port = dnat.Port ?? packet.Port, IsRewritten = true }, "accept"));
                return null;
            case RuleStep.SetMark mark:
                return [packet with { Mark = (packet.Mark & mark.And) ^ mark.Xor }];
            case RuleStep.RememberClient remember:
                return [_asked.Contains(remember.List) ? packet with { Remembered = packet.Remembered + " remembered" } : packet];
            case RuleStep.Jump jump:
                List<(Packet Packet, string How)> inner = Chain(table, table.Chains[jump.Chain], packet);
                left.AddRange(inner.Where(end => end.How != "return" || jump.IsGoto));
                return jump.IsGoto ? null : [.. inner.Where(end => end.How == "return").Select(end => end.Packet)];
            case RuleStep.NoEffect:
                return [packet];
            default:
                throw new InvalidOperationException($"cannot do {step}");
        }
    }

    private bool? Matches(RuleStep step, Packet packet) => step switch
    {
        RuleStep.AddressMatch match => match.Ranges.AsSpan().ToArray().Any(range =>
            range.Contains((match.Field == PacketField.Source ? packet.From : packet.To).ToBits())) != match.IsNegated,
        RuleStep.ProtocolMatch match => (match.Protocol == _packet.Protocol) != match.IsNegated,
        RuleStep.PortMatch match => InRange(match.Field == PacketField.SourcePort ? _packet.SourcePort : packet.Port, match) != match.IsNegated,
        RuleStep.InterfaceMatch { IsInput: true } match => (match.IsPrefix ? packet.In.StartsWith(match.Name, StringComparison.Ordinal) : packet.In == match.Name) != match.IsNegated,
        RuleStep.MarkMatch match => ((packet.Mark & match.Mask) == match.Value) != match.IsNegated,
        RuleStep.StateMatch match => (StatesOf(packet) & match.States) != ConnectionStates.None != match.IsNegated,
        RuleStep.LocalMatch match => IsLocal(match.Field == PacketField.Source ? packet.From : packet.To) != match.IsNegated,
        RuleStep.KnownClientMatch match => _packet.KnownTo.AsSpan().Contains(match.List),
        RuleStep.SetMatch match => match.Set.Contains(Key(match.Key, packet, 0)) != match.IsNegated,
        _ => null,
    };

    private ConnectionStates StatesOf(Packet packet) =>
        _packet.State == ConnectionStates.New && packet.IsRewritten ? ConnectionStates.New | ConnectionStates.Dnat : _packet.State;

    private static bool InRange(ushort port, RuleStep.PortMatch match) => port >= match.First && port <= match.Last;

    private void Lookup(EquatableArray<KeyPart> key, Packet packet, Action<string, Packet> found)
    {
        int modulus = key.AsSpan().ToArray().Where(part => part.Field == PacketField.Random).Select(part => part.Modulus).FirstOrDefault(1);
        for (int number = 0; number < modulus; number++)
        {
            found(Key(key, packet, number), packet with { Chance = packet.Chance / modulus });
        }
    }

    private string Key(EquatableArray<KeyPart> key, Packet packet, int number) => string.Join(" . ", key.AsSpan().ToArray().Select(part => part.Field switch
    {
        PacketField.Source => packet.From.ToString(),
        PacketField.Destination => packet.To.ToString(),
        PacketField.Protocol => _packet.Protocol switch { TransportProtocol.Tcp => "tcp", TransportProtocol.Udp => "udp", TransportProtocol.Sctp => "sctp", _ => "other" },
        PacketField.SourcePort => $"{_packet.SourcePort}",
        PacketField.DestinationPort => $"{packet.Port}",
        _ => $"{number}",
    }));

    private sealed record Packet(
        IpAddress From, IpAddress To, ushort Port, string In, uint Mark, double Chance, bool IsRewritten, bool IsMasqueraded, string Remembered);
}
