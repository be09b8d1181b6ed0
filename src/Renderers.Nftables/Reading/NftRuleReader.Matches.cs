using System.Globalization;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <content>Matches.</content>
internal sealed partial class NftRuleReader
{
    /// <summary>The random numbers of iptables' statistic match, as nft lists them, have 31 bits.</summary>
    private const uint RandomMask = int.MaxValue;

    private void Match(NftStatement.Match match)
    {
        bool isNegated = match.Operator == "!=";
        bool isKnown = match.Operator is "==" or "!=" or "in"
            ? MatchConnection(match, isNegated)
                || MatchMark(match, isNegated)
                || MatchMeta(match, isNegated)
                || MatchFib(match, isNegated)
                || MatchRandom(match, isNegated)
                || MatchKey(match, isNegated)
            : match.Operator == "<" && MatchChance(match);
        if (!isKnown)
        {
            _steps.Add(new RuleStep.UnknownMatch(NftText.Of(match)));
        }
    }

    private bool MatchConnection(NftStatement.Match match, bool isNegated)
    {
        if (match.Left is not NftExpression.Connection { Key: "state" or "status" })
        {
            return false;
        }

        NftExpression[]? words = match.Right switch
        {
            NftExpression.Word word => [word],
            NftExpression.Flags flags => flags.Parts,
            NftExpression.Set set => set.Elements,
            _ => null,
        };
        if (words is null || !Array.TrueForAll(words, word => word is NftExpression.Word))
        {
            return false;
        }

        ConnectionStates states = ConnectionStates.None;
        foreach (NftExpression word in words)
        {
            states |= ((NftExpression.Word)word).Text switch
            {
                "new" => ConnectionStates.New,
                "established" => ConnectionStates.Established,
                "related" => ConnectionStates.Related,
                "invalid" => ConnectionStates.Invalid,
                "untracked" => ConnectionStates.Untracked,
                "dnat" => ConnectionStates.Dnat,
                "snat" => ConnectionStates.Snat,
                _ => ConnectionStates.None,
            };
        }

        _steps.Add(new RuleStep.StateMatch(states, isNegated));
        return true;
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

    private bool MatchMeta(NftStatement.Match match, bool isNegated)
    {
        if (match is not { Left: NftExpression.Meta meta, Right: NftExpression.Word value })
        {
            return false;
        }

        switch (meta.Key)
        {
            case "l4proto":
                TransportProtocol? protocol = NftElements.Protocol(value.Text) switch
                {
                    "tcp" => TransportProtocol.Tcp,
                    "udp" => TransportProtocol.Udp,
                    "sctp" => TransportProtocol.Sctp,
                    _ => null,
                };
                _steps.Add(new RuleStep.ProtocolMatch(protocol, isNegated));
                return true;
            case "iifname" or "oifname":
                bool isPrefix = value.Text.EndsWith('*');
                string name = isPrefix ? value.Text[..^1] : value.Text;
                _steps.Add(new RuleStep.InterfaceMatch(meta.Key == "iifname", name, isPrefix, isNegated));
                return true;
            default:
                return false;
        }
    }

    private bool MatchFib(NftStatement.Match match, bool isNegated)
    {
        if (match is not { Left: NftExpression.Fib { Result: "type", Inputs: "saddr" or "daddr" } fib, Right: NftExpression.Word { Text: "local" } })
        {
            return false;
        }

        _steps.Add(new RuleStep.LocalMatch(fib.Inputs == "saddr" ? PacketField.Source : PacketField.Destination, isNegated));
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
        if (isClient && !isNegated && table.ExpiryOf(name) is int seconds and > 0)
        {
            _steps.Add(new RuleStep.KnownClientMatch(name, seconds));
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
