using System.Globalization;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <content>Matches.</content>
internal sealed partial class NftRuleReader
{
    /// <summary>The random numbers of iptables' statistic match, as nft lists them, have 31 bits.</summary>
    private const uint RandomMask = int.MaxValue;

    private void Match(NftStatement.Match match)
    {
        if (match.Operator == "!")
        {
            match = match with { Operator = "!=", IsNoneOf = true };
        }

        bool isNegated = match.Operator == "!=";
        bool isComparison = match.Operator is "==" or "!=" or "in";
        int before = _steps.Count;
        if (isComparison
            && (MatchConnection(match, isNegated) || MatchMark(match, isNegated) || MatchRandom(match, isNegated) || MatchKey(match, isNegated)))
        {
            return;
        }

        _steps.RemoveRange(before, _steps.Count - before);
        if (!isComparison && MatchChance(match))
        {
            return;
        }

        AddDependencies(match.Left);
        _steps.Add((isComparison ? General(match, isNegated) : Comparison(match)) ?? Undecided(match));
    }

    /// <summary>A match of any field with a value or the elements of a set; null if it is not understood.</summary>
    private RuleStep? General(NftStatement.Match match, bool isNegated)
    {
        if (TcpFlags(match, isNegated) is { } flags)
        {
            return flags;
        }

        if (match.Left is NftExpression.Binary { Operator: "&", Left: NftExpression.Connection { Key: "mark" } } masked
            && NftNumber.TryRead(masked.Right, out uint mask) && NftNumber.TryRead(match.Right, out uint mark))
        {
            return new RuleStep.ConnectionMarkMatch(mask, mark, isNegated);
        }

        IReadOnlyList<NftExpression>? elements = match.Right switch
        {
            NftExpression.Reference or NftExpression.Set => Elements(match.Right),
            NftExpression.Flags flags2 => flags2.Parts,
            _ => [match.Right],
        };
        return elements is null ? null : Alternatives.AnyOf(match.Left, elements, isNegated) switch
        {
            // One value needs no alternatives.
            RuleStep.AnyOf { Alternatives.Length: 1 } any when any.Alternatives[0].Length == 1 && WithNegation(any.Alternatives[0][0], isNegated) is { } single => single,
            var several => several,
        };
    }

    private static RuleStep? WithNegation(RuleStep step, bool isNegated) => step switch
    {
        RuleStep.ProtocolMatch match => match with { IsNegated = isNegated },
        RuleStep.InterfaceMatch match => match with { IsNegated = isNegated },
        RuleStep.MarkMatch match => match with { IsNegated = isNegated },
        RuleStep.ConnectionMarkMatch match => match with { IsNegated = isNegated },
        RuleStep.LocalMatch match => match with { IsNegated = isNegated },
        RuleStep.SettledMatch match => isNegated ? match with { Text = "not " + match.Text, Holds = !match.Holds } : match,
        _ => null,
    };

    /// <summary>Flags of the first packet of a connection, which has SYN alone: all that are given, one of a list, or some under a mask.</summary>
    private static RuleStep.SettledMatch? TcpFlags(NftStatement.Match match, bool isNegated)
    {
        (NftExpression field, int? mask) = match.Left is NftExpression.Binary { Operator: "&" } masked ? (masked.Left, NftFields.Flags(masked.Right)) : (match.Left, 255);
        if (field is not NftExpression.Payload { Protocol: "tcp", Field: "flags" } || mask is null || match.Right is NftExpression.Set or NftExpression.Reference || NftFields.Flags(match.Right) is not { } wanted)
        {
            return null;
        }

        // "tcp flags syn" asks for one of the flags, "tcp flags ! syn" for none of them, "tcp flags == syn" and
        // "tcp flags & (syn|ack) == syn" for the whole value.
        const int Syn = 2;
        bool holds = match.Operator == "in" || match.IsNoneOf ? (Syn & wanted) != 0 : (Syn & mask) == wanted;
        return new(NftText.Of(match), holds != isNegated, OnlyFirstPacket: true);
    }

    /// <summary>Ports above or below a number; null if it is not understood.</summary>
    private static RuleStep? Comparison(NftStatement.Match match)
    {
        if (match.Left is not NftExpression.Payload { Field: "sport" or "dport" } port || match.Right is not NftExpression.Word word || !PortNames.TryParse(word.Text, out ushort bound)
            || match.Operator is not ("<" or "<=" or ">" or ">="))
        {
            return null;
        }

        (int first, int last) = match.Operator switch { "<" => (0, bound - 1), "<=" => (0, bound), ">" => (bound + 1, ushort.MaxValue), _ => (bound, ushort.MaxValue) };
        PacketField field = port.Field == "sport" ? PacketField.SourcePort : PacketField.DestinationPort;
        return first > last || first > ushort.MaxValue
            ? new RuleStep.SettledMatch(NftText.Of(match), Holds: false, OnlyFirstPacket: false)
            : new RuleStep.PortsMatch(field, [new PortRange((ushort)first, (ushort)last)], IsNegated: false);
    }

    private RuleStep.UnknownMatch Undecided(NftStatement.Match match)
    {
        string dependsOn = match.Right is NftExpression.Reference named && table.IsChangedByRules(named.Name)
            ? $"the elements of set {named.Name}, which change"
            : NftFields.DependsOn(match.Left is NftExpression.Concatenation parts ? parts.Parts[0] : match.Left);
        return new(NftText.Of(match))
        {
            DependsOn = dependsOn,

            // A packet that is forwarded has no socket, and the rule ends there (net/netfilter/nft_meta.c).
            OfForwarded = match.Left is NftExpression.Meta { Key: "skuid" or "skgid" } ? false : null,
        };
    }

    /// <summary>
    /// Without an operator one of several bits is enough. With one, whole values are compared: a state is one bit, so that it is
    /// never two; a status has bits besides those that rules name, so that it is never equal to them.
    /// </summary>
    private bool MatchConnection(NftStatement.Match match, bool isNegated)
    {
        if (match.Left is not NftExpression.Connection { Key: "state" or "status" } connection || Words(match.Right) is not { } words
            || !words.TrueForAll(static word => NftFields.State(word) != ConnectionStates.None))
        {
            return false;
        }

        ConnectionStates states = words.Aggregate(ConnectionStates.None, static (all, word) => all | NftFields.State(word));
        bool isStatus = (states & ~(ConnectionStates.Dnat | ConnectionStates.Snat)) == ConnectionStates.None;
        if (isStatus != (connection.Key == "status"))
        {
            return false;
        }

        bool isAny = match.Right is NftExpression.Set || match.Operator == "in" || match.IsNoneOf || (match.Right is not NftExpression.Binary && match.Operator == "==" && !match.IsExplicit);
        bool isWhole = !isAny && (isStatus || words.Count > 1);
        if (isStatus && (isNegated || isWhole || match.Right is NftExpression.Set))
        {
            _steps.Add(new RuleStep.TrackedMatch());
        }

        _steps.Add(isWhole || (isStatus && match.Right is NftExpression.Set)
            ? new RuleStep.SettledMatch(NftText.Of(match), isNegated, OnlyFirstPacket: false)
            : new RuleStep.StateMatch(states, isNegated));
        return true;
    }

    /// <summary>The words of a value, a list, a set, or values joined by <c>|</c>; null if there is anything else.</summary>
    private static List<string>? Words(NftExpression value)
    {
        switch (value)
        {
            case NftExpression.Word word:
                return [word.Text];
            case NftExpression.Flags flags:
                return All(flags.Parts);
            case NftExpression.Set set:
                return All(set.Elements);
            case NftExpression.Binary { Operator: "|" } both:
                return All([both.Left, both.Right]);
            default:
                return null;
        }

        static List<string>? All(NftExpression[] parts)
        {
            List<string> words = [];
            foreach (NftExpression part in parts)
            {
                if (Words(part) is not { } more)
                {
                    return null;
                }

                words.AddRange(more);
            }

            return words;
        }
    }

    private bool MatchMark(NftStatement.Match match, bool isNegated)
    {
        uint mask = uint.MaxValue;
        NftExpression marked = match.Left;
        if (marked is NftExpression.Binary { Operator: "&" } masked && NftNumber.TryRead(masked.Right, out uint bits))
        {
            marked = masked.Left;
            mask = bits;
        }

        if (marked is not NftExpression.Meta { Key: "mark" } || !NftNumber.TryRead(match.Right, out uint value))
        {
            return false;
        }

        _steps.Add(new RuleStep.MarkMatch(mask, value, isNegated));
        return true;
    }

    private bool MatchRandom(NftStatement.Match match, bool isNegated)
    {
        if (match.Left is not NftExpression.Numbers { Mode: "random", Offset: 0, Modulus: > 0 } random || !NftNumber.TryRead(match.Right, out uint wanted))
        {
            return false;
        }

        double probability = wanted < random.Modulus ? 1.0 / random.Modulus : 0;
        _steps.Add(new RuleStep.RandomMatch(isNegated ? 1 - probability : probability));
        return true;
    }

    private bool MatchChance(NftStatement.Match match)
    {
        bool isRandom = match.Left is NftExpression.Binary { Operator: "&", Left: NftExpression.Meta { Key: "random" } } random
            && NftNumber.TryRead(random.Right, out uint mask)
            && mask == RandomMask;
        if (!isRandom || !NftNumber.TryRead(match.Right, out uint below))
        {
            return false;
        }

        _steps.Add(new RuleStep.RandomMatch(Math.Min(below / (RandomMask + 1.0), 1)));
        return true;
    }

    /// <summary>Addresses, ports and concatenations against values and sets.</summary>
    private bool MatchKey(NftStatement.Match match, bool isNegated)
    {
        if (Key(match.Left) is not { } key)
        {
            return false;
        }

        if (match.Right is NftExpression.Reference named)
        {
            return MatchNamedSet(key, named.Name, isNegated);
        }

        if (key.Length != 1)
        {
            return false;
        }

        if (key[0].Field is PacketField.Source or PacketField.Destination)
        {
            NftExpression[] values = match.Right is NftExpression.Set set ? set.Elements : [match.Right];
            if (NftElements.Ranges(values) is not { } ranges)
            {
                return false;
            }

            _steps.Add(new RuleStep.AddressMatch(key[0].Field, EquatableArray.CopyOf(ranges), isNegated));
            return true;
        }

        if (key[0].Field is PacketField.SourcePort or PacketField.DestinationPort
            && match.Right is NftExpression.Word word
            && ushort.TryParse(word.Text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            _steps.Add(new RuleStep.PortMatch(key[0].Field, port, port, isNegated));
            return true;
        }

        return false;
    }

    private bool MatchNamedSet(EquatableArray<KeyPart> key, string name, bool isNegated)
    {
        bool isClient = key.Length == 1 && key[0].Field == PacketField.Source;
        bool isDestination = key.Length == 1 && key[0].Field == PacketField.Destination;
        if (isClient && !isNegated && _isDispatch && table.ExpiryOf(name) is int seconds and > 0 && table.IsChangedByRules(name))
        {
            _steps.Add(new RuleStep.KnownClientMatch(name, seconds));
        }
        else if (table.IsChangedByRules(name))
        {
            return false;
        }
        else if (isClient && table.FindRanges(name) is { } sources)
        {
            _steps.Add(new RuleStep.AddressMatch(PacketField.Source, EquatableArray.CopyOf(sources), isNegated));
        }
        else if (table.FindSet(name, key) is { } set)
        {
            _steps.Add(new RuleStep.SetMatch(key, set, isNegated));
        }
        else if (isDestination && table.FindRanges(name) is { } destinations)
        {
            _steps.Add(new RuleStep.AddressMatch(PacketField.Destination, EquatableArray.CopyOf(destinations), isNegated));
        }
        else
        {
            return false;
        }

        return true;
    }
}
