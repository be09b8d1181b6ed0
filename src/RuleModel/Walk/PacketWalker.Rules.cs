using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Walk;

/// <content>One rule: its matches, then what it does.</content>
public sealed partial class PacketWalker
{
    /// <summary>Applies a rule to a packet.</summary>
    /// <param name="place">Where the rule is.</param>
    /// <param name="position">Its index in the chain.</param>
    /// <param name="state">The packet.</param>
    /// <param name="next">Receives what goes on to the next rule.</param>
    /// <param name="exits">Receives what leaves the chain.</param>
    private void ApplyRule(Place place, int position, WalkState state, List<WalkState> next, List<ChainExit> exits)
    {
        WalkRule rule = place.Chain.Rules[position];
        List<WalkState> current = [state];
        bool isTraced = false;
        foreach (RuleStep step in InOrderOfCertainty(rule, state))
        {
            List<WalkState> passed = [];
            foreach (WalkState packet in current)
            {
                if (IsMatch(step))
                {
                    Match(step, IsUnclear(step, packet) ? Doubted(place, position, rule, packet) : packet, passed, next);
                    continue;
                }

                WalkState traced = isTraced ? packet : Traced(place, position, rule, step, packet);
                int before = next.Count;
                Execute(place, step, traced, passed, next, exits);
                ForgetRule(next, before, traced, packet);
            }

            isTraced |= !IsMatch(step) && step is not RuleStep.NoEffect;
            current = passed;
            if (current.Count == 0)
            {
                return;
            }
        }

        next.AddRange(current);
    }

    internal static bool IsMatch(RuleStep step) => step is RuleStep.AddressMatch or RuleStep.ProtocolMatch or RuleStep.PortMatch
        or RuleStep.InterfaceMatch or RuleStep.MarkMatch or RuleStep.StateMatch or RuleStep.LocalMatch or RuleStep.RandomMatch
        or RuleStep.KnownClientMatch or RuleStep.SetMatch or RuleStep.UnknownMatch;

    private static WalkState Traced(Place place, int position, WalkRule rule, RuleStep step, WalkState state) =>
        step is RuleStep.NoEffect
            ? state
            : state with
            {
                Trace = new(
                    new(place.Hook, place.Table.Name, place.Chain.Name, position + 1, rule.Text, rule.Comment, StepWords.Describe(step))
                    {
                        Source = rule,
                        Packet = state,
                        IsInBaseChain = place.Chain.Hook is not null,
                        IsDoubtful = step is RuleStep.UnknownStatement,
                        IsRewrite = step is RuleStep.Dnat or RuleStep.DnatLookup,
                        JumpsTo = (step as RuleStep.Jump)?.Chain ?? "",
                    },
                    state.Trace),
            };

    /// <summary>Says on the way of a packet what a lookup found for it.</summary>
    private static WalkState Found(WalkState state, string effect, RuleStep step) => state.Trace is not { Entry.Source: not null } link
        ? state
        : state with
        {
            Trace = link with
            {
                Entry = link.Entry with { Effect = effect, JumpsTo = (step as RuleStep.Jump)?.Chain ?? "" },
            },
        };

    /// <summary>A lookup that finds nothing is a rule that did not match, and is not on the way.</summary>
    private static void ForgetRule(List<WalkState> next, int start, WalkState traced, WalkState packet)
    {
        for (int index = start; index < next.Count; index++)
        {
            if (ReferenceEquals(next[index].Trace, traced.Trace))
            {
                next[index] = next[index] with { Trace = packet.Trace };
            }
        }
    }

    private void Execute(Place place, RuleStep step, WalkState state, List<WalkState> passed, List<WalkState> next, List<ChainExit> exits)
    {
        switch (step)
        {
            case RuleStep.Verdict verdict:
                exits.Add(new(state, verdict.Kind));
                break;
            case RuleStep.Reject reject:
                exits.Add(new(state with { RejectWith = reject.With }, WalkVerdict.Reject));
                break;
            case RuleStep.Jump jump:
                ExecuteJump(place, jump, state, passed, exits);
                break;
            case RuleStep.VerdictLookup lookup:
                ExecuteLookup(place, lookup, state, passed, next, exits);
                break;
            case RuleStep.SetMark mark:
                passed.Add(state with { Mark = (state.Mark & mark.And) ^ mark.Xor });
                break;
            case RuleStep.Dnat dnat:
                Rewrite(state, new(dnat.Address ?? state.Destination, dnat.Port ?? state.DestinationPort), exits);
                break;
            case RuleStep.DnatLookup lookup:
                foreach ((string? key, WalkState branch) in Keys(lookup.Key, state))
                {
                    if (key is not null && lookup.Map.Targets.TryGetValue(key, out EndpointAddress target))
                    {
                        Rewrite(Found(branch, $"picks {target}{(lookup.Map.Name.Length == 0 ? "" : $" from {lookup.Map.Name}")}", step), target, exits);
                    }
                    else
                    {
                        next.Add(branch);
                    }
                }

                break;
            case RuleStep.Masquerade:
                exits.Add(new(state with { IsMasqueraded = true }, WalkVerdict.Accept));
                break;
            case RuleStep.UnknownStatement:
                passed.Add(state with { IsUncertain = true });
                break;
            default:
                passed.Add(state);
                break;
        }
    }

    private static void Rewrite(WalkState state, EndpointAddress target, List<ChainExit> exits) =>
        exits.Add(new(state with { Target = target, Destination = target.Address, DestinationPort = target.Port }, WalkVerdict.Accept));

    private void ExecuteJump(Place place, RuleStep.Jump jump, WalkState state, List<WalkState> passed, List<ChainExit> exits)
    {
        if (!place.Table.Chains.TryGetValue(jump.Chain, out WalkChain? chain))
        {
            // A target that is no chain of the table: an extension that is not known.
            passed.Add(state with { IsUncertain = true });
            return;
        }

        List<ChainExit> inner = [];
        RunChain(place with { Chain = chain, Depth = place.Depth + 1 }, state, inner);
        foreach (ChainExit exit in inner)
        {
            if (exit.Verdict == WalkVerdict.Return && !jump.IsGoto)
            {
                passed.Add(exit.State);
            }
            else
            {
                exits.Add(exit);
            }
        }
    }

    private void ExecuteLookup(Place place, RuleStep.VerdictLookup lookup, WalkState state, List<WalkState> passed, List<WalkState> next, List<ChainExit> exits)
    {
        foreach ((string? key, WalkState branch) in Keys(lookup.Key, state))
        {
            if (key is not null && lookup.Map.Steps.TryGetValue(key, out RuleStep? step))
            {
                Execute(place, step, Found(branch, $"finds in {(lookup.Map.Name.Length == 0 ? "the map" : lookup.Map.Name)}: {StepWords.Describe(step)}", step), passed, next, exits);
            }
            else
            {
                // Nothing found: the rule does not match.
                next.Add(branch);
            }
        }
    }

    /// <summary>
    /// The keys that a packet has, one for each value of a random part. No key for a source that is a range: what such a
    /// lookup finds is not known.
    /// </summary>
    private static List<(string? Key, WalkState State)> Keys(Collections.EquatableArray<KeyPart> parts, WalkState state)
    {
        int modulus = 1;
        bool hasRange = false;
        foreach (KeyPart part in parts)
        {
            modulus = part.Field == PacketField.Random ? part.Modulus : modulus;
            hasRange |= part.Field == PacketField.Source && !state.Source.IsSingle;
        }

        if (hasRange)
        {
            return [(null, state with { IsUncertain = true })];
        }

        List<(string? Key, WalkState State)> keys = new(modulus);
        for (int number = 0; number < modulus; number++)
        {
            WalkState branch = modulus == 1 ? state : state with { Probability = state.Probability / modulus };
            keys.Add((Key(parts, state, number, except: -1), branch));
        }

        return keys;
    }

    private static string Key(Collections.EquatableArray<KeyPart> parts, WalkState state, int number, int except)
    {
        List<string> texts = new(parts.Length);
        for (int index = 0; index < parts.Length; index++)
        {
            if (index != except)
            {
                texts.Add(PartText(parts[index], state, number));
            }
        }

        return string.Join(" . ", texts);
    }

    private static string PartText(KeyPart part, WalkState state, int number) => part.Field switch
    {
        PacketField.Source => IpAddress.FromBits(state.Source.First).ToString(),
        PacketField.Destination => state.Destination.ToString(),
        PacketField.Protocol => ProtocolText(state.Protocol),
        PacketField.SourcePort => state.SourcePort.ToString(System.Globalization.CultureInfo.InvariantCulture),
        PacketField.DestinationPort => state.DestinationPort.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => number.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static string ProtocolText(Model.TransportProtocol protocol) => protocol switch
    {
        Model.TransportProtocol.Udp => "udp",
        Model.TransportProtocol.Sctp => "sctp",
        _ => "tcp",
    };
}
