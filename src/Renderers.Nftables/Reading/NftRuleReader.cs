using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Converts a rule of either form of a listing to the neutral rule of a walk.</summary>
/// <param name="table">Its table.</param>
internal sealed partial class NftRuleReader(NftTableReader table)
{
    private readonly List<RuleStep> _steps = [];

    public WalkRule Read(NftRule rule)
    {
        foreach (NftStatement statement in rule.Statements)
        {
            Statement(statement);
        }

        return new WalkRule(rule.Text, EquatableArray.CopyOf(_steps)) { Comment = rule.Comment };
    }

    private void Statement(NftStatement statement)
    {
        switch (statement)
        {
            case NftStatement.Match match:
                Match(match);
                break;
            case NftStatement.Verdict verdict:
                _steps.Add(verdict.Step);
                break;
            case NftStatement.VerdictMap map:
                VerdictLookup(map);
                break;
            case NftStatement.Dnat dnat:
                Dnat(dnat);
                break;
            case NftStatement.Masquerade:
                _steps.Add(new RuleStep.Masquerade());
                break;
            case NftStatement.Reject reject:
                _steps.Add(new RuleStep.Reject(reject.Code));
                break;
            case NftStatement.Mangle mangle:
                Mangle(mangle);
                break;
            case NftStatement.UpdateSet update:
                UpdateSet(update);
                break;
            case NftStatement.NoEffect nothing:
                _steps.Add(new RuleStep.NoEffect(nothing.Name));
                break;
            case NftStatement.UnknownMatch unknown:
                _steps.Add(new RuleStep.UnknownMatch(unknown.Text));
                break;
            default:
                _steps.Add(new RuleStep.UnknownStatement(NftText.Of(statement)));
                break;
        }
    }

    private void VerdictLookup(NftStatement.VerdictMap statement)
    {
        if (Key(statement.Key) is { } key && FindMap(statement.Data, key) is { } map)
        {
            _steps.Add(new RuleStep.VerdictLookup(key, map));
            return;
        }

        _steps.Add(new RuleStep.UnknownStatement(NftText.Of(statement)));
    }

    private VerdictMap? FindMap(NftExpression data, EquatableArray<KeyPart> key)
    {
        VerdictMap map = new("");
        return data switch
        {
            NftExpression.Reference named => table.FindVerdictMap(named.Name, key),
            NftExpression.Set set when NftElements.TryFill(map, key, set.Elements) => map,
            _ => null,
        };
    }

    private void Dnat(NftStatement.Dnat dnat)
    {
        ushort port = 0;
        IpAddress address = default;
        bool isAddress = dnat.Address is NftExpression.Word word && IpAddress.TryParse(word.Text, out address);
        bool isPort = dnat.Port is NftExpression.Word number && ushort.TryParse(number.Text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
        if ((isAddress || (dnat.Address is null && isPort)) && isPort == dnat.Port is not null)
        {
            _steps.Add(new RuleStep.Dnat(isAddress ? address : null, isPort ? port : null));
        }
        else if (dnat is { Address: NftExpression.Map lookup, Port: null } && Key(lookup.Key) is { } key && FindTargets(lookup.Data, key) is { } map)
        {
            _steps.Add(new RuleStep.DnatLookup(key, map));
        }
        else
        {
            _steps.Add(new RuleStep.UnknownStatement(NftText.Of(dnat)));
        }
    }

    private TargetMap? FindTargets(NftExpression data, EquatableArray<KeyPart> key)
    {
        TargetMap map = new("");
        return data switch
        {
            NftExpression.Reference named => table.FindTargetMap(named.Name, key),
            NftExpression.Set set when NftElements.TryFill(map, key, set.Elements) => map,
            _ => null,
        };
    }

    /// <summary><c>meta mark set meta mark | X</c> and similar.</summary>
    private void Mangle(NftStatement.Mangle mangle)
    {
        RuleStep? step = null;
        if (mangle.Key is NftExpression.Meta { Key: "mark" })
        {
            if (NftNumber.TryRead(mangle.Value, out uint mark))
            {
                step = new RuleStep.SetMark(0, mark);
            }
            else if (mangle.Value is NftExpression.Binary { Left: NftExpression.Meta { Key: "mark" } } operation && NftNumber.TryRead(operation.Right, out uint bits))
            {
                step = operation.Operator switch
                {
                    "|" => new RuleStep.SetMark(~bits, bits),
                    "^" => new RuleStep.SetMark(uint.MaxValue, bits),
                    "&" => new RuleStep.SetMark(bits, 0),
                    _ => null,
                };
            }
        }

        _steps.Add(step ?? new RuleStep.UnknownStatement(NftText.Of(mangle)));
    }

    private void UpdateSet(NftStatement.UpdateSet update)
    {
        if (update.Operation is "update" or "add" && Key(update.Element) is { Length: 1 } key && key[0].Field == PacketField.Source)
        {
            _steps.Add(new RuleStep.RememberClient(update.Set));
            return;
        }

        _steps.Add(new RuleStep.UnknownStatement(NftText.Of(update)));
    }

    /// <summary>The parts of a key; null if one is unknown. Protocols that the parts imply are added as matches in any case.</summary>
    private EquatableArray<KeyPart>? Key(NftExpression expression)
    {
        NftExpression[] fields = expression is NftExpression.Concatenation concatenation ? concatenation.Parts : [expression];
        KeyPart[] parts = new KeyPart[fields.Length];
        for (int index = 0; index < fields.Length; index++)
        {
            if (Part(fields[index]) is not { } part)
            {
                return null;
            }

            parts[index] = part;
        }

        return EquatableArray.Adopt(parts);
    }

    private KeyPart? Part(NftExpression expression) => expression switch
    {
        NftExpression.Payload payload => PayloadPart(payload),
        NftExpression.Meta { Key: "l4proto" } => new KeyPart(PacketField.Protocol),
        NftExpression.Numbers { Mode: "random", Offset: 0 } numbers => new KeyPart(PacketField.Random, numbers.Modulus),
        _ => null,
    };

    private KeyPart? PayloadPart(NftExpression.Payload payload)
    {
        switch (payload.Protocol, payload.Field)
        {
            case ("ip" or "ip6", "saddr" or "daddr"):
                if ((payload.Protocol == "ip") != (table.Family == IpFamily.IPv4))
                {
                    // A rule of an inet table for the other family.
                    _steps.Add(new RuleStep.ProtocolMatch(null, IsNegated: false));
                }

                return new KeyPart(payload.Field == "saddr" ? PacketField.Source : PacketField.Destination);
            case ("th" or "tcp" or "udp" or "sctp", "sport" or "dport"):
                if (payload.Protocol != "th")
                {
                    TransportProtocol? implied = payload.Protocol switch { "tcp" => TransportProtocol.Tcp, "udp" => TransportProtocol.Udp, _ => TransportProtocol.Sctp };
                    _steps.Add(new RuleStep.ProtocolMatch(implied, IsNegated: false));
                }

                return new KeyPart(payload.Field == "sport" ? PacketField.SourcePort : PacketField.DestinationPort);
            default:
                return null;
        }
    }
}
