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
    private readonly NftFields _fields = new(table.Family);

    /// <summary>
    /// Whether the rule sends packets to another chain, as those of session affinity do with a client that is known. A rule that
    /// accepts or drops the clients of a list depends on the list.
    /// </summary>
    private bool _isDispatch;

    public WalkRule Read(NftRule rule)
    {
        _isDispatch = rule.Statements is [.., NftStatement.Verdict { Step: RuleStep.Jump }];
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
            case NftStatement.Translate translate:
                Translate(translate);
                break;
            case NftStatement.Reject reject:
                AddDependency(reject);
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
            case NftStatement.ObjectOfMap named:
                AddDependencies(named.Map.Key);
                _steps.Add(KeyOf(named.Map, named.Text));
                break;
            case NftStatement.Offload offload:
                _steps.Add(new RuleStep.SettledMatch(offload.Text, Holds: false, OnlyFirstPacket: true));
                break;
            case NftStatement.NoTracking:
                _steps.Add(new RuleStep.NoTracking());
                break;
            case NftStatement.HandOver handed:
                _steps.Add(new RuleStep.UnknownStatement(handed.Text) { DependsOn = handed.DependsOn });
                break;
            case NftStatement.UnknownMatch unknown:
                _steps.Add(new RuleStep.UnknownMatch(unknown.Text) { DependsOn = unknown.DependsOn });
                break;
            default:
                _steps.Add(new RuleStep.UnknownStatement(NftText.Of(statement)));
                break;
        }
    }

    private void VerdictLookup(NftStatement.VerdictMap statement)
    {
        int before = _steps.Count;
        if (Key(statement.Key) is { } key && FindMap(statement.Data, key) is { } map)
        {
            _steps.Add(new RuleStep.VerdictLookup(key, map));
            return;
        }

        _steps.RemoveRange(before, _steps.Count - before);
        AddDependencies(statement.Key);
        if (Elements(statement.Data) is { } elements && Alternatives.Cases(statement.Key, elements, Verdict) is { } cases)
        {
            _steps.Add(new RuleStep.Cases(cases, NftText.Of(statement)));
            return;
        }

        _steps.RemoveRange(before, _steps.Count - before);
        _steps.Add(new RuleStep.UnknownStatement(NftText.Of(statement)));
    }

    /// <summary>A match of the keys of a map, for a statement whose value has no effect: without a value the rule ends.</summary>
    private RuleStep KeyOf(NftExpression.Map map, string text) =>
        Elements(map.Data) is { } elements && Alternatives.AnyOf(map.Key, [.. elements.Select(static element => element is NftExpression.Pair pair ? pair.Key : element)], isNegated: false) is { } found
            ? found
            : new RuleStep.UnknownMatch(text) { DependsOn = "the elements of the map" };

    private static RuleStep Verdict(NftExpression value) =>
        value is NftExpression.Verdict verdict ? verdict.Step : new RuleStep.UnknownStatement(NftText.Of(value));

    private NftAlternatives Alternatives => new(_fields);

    /// <summary>The elements of a set or map; null if rules change them, or if there is none of this name.</summary>
    private IReadOnlyList<NftExpression>? Elements(NftExpression data) => data switch
    {
        NftExpression.Reference named => table.FixedElements(named.Name),
        NftExpression.Set set => set.Elements,
        _ => null,
    };

    private VerdictMap? FindMap(NftExpression data, EquatableArray<KeyPart> key)
    {
        VerdictMap map = new("");
        return data switch
        {
            NftExpression.Reference named => table.IsChangedByRules(named.Name) ? null : table.FindVerdictMap(named.Name, key),
            NftExpression.Set set when NftElements.TryFill(map, key, set.Elements) => map,
            _ => null,
        };
    }

    private void UpdateSet(NftStatement.UpdateSet update)
    {
        NftExpression element = update.Element is NftExpression.Element { Value: var value } ? value : update.Element;
        AddDependencies(element);
        if (update.Operation is "update" or "add" && Key(element) is { Length: 1 } key && key[0].Field == PacketField.Source)
        {
            _steps.Add(new RuleStep.RememberClient(update.Set));
            return;
        }

        // What a set holds decides nothing that is followed: a match of a set that rules change is open.
        _steps.Add(new RuleStep.NoEffect("set"));
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

    private KeyPart? Part(NftExpression expression)
    {
        switch (expression)
        {
            case NftExpression.Payload { Protocol: "ip" or "ip6", Field: "saddr" or "daddr" } payload:
                AddDependency(payload);
                return new KeyPart(payload.Field == "saddr" ? PacketField.Source : PacketField.Destination);
            case NftExpression.Payload { Protocol: "th" or "tcp" or "udp" or "sctp", Field: "sport" or "dport" } payload:
                AddDependency(payload);
                return new KeyPart(payload.Field == "sport" ? PacketField.SourcePort : PacketField.DestinationPort);
            case NftExpression.Meta { Key: "l4proto" }:
                return new KeyPart(PacketField.Protocol);
            case NftExpression.Numbers { Mode: "random", Offset: 0 } numbers:
                return new KeyPart(PacketField.Random, numbers.Modulus);
            default:
                return null;
        }
    }

    /// <summary>A reset is for TCP, an ICMP error for its family: nft asks for that first, and lists it only sometimes.</summary>
    private void AddDependency(NftStatement.Reject reject)
    {
        if (reject.Type == "tcp reset" && !_steps.Contains(new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false)))
        {
            _steps.Add(new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false));
        }
        else if (reject.Type is "icmp" or "icmpv6")
        {
            AddFamily(reject.Type == "icmp" ? "ip" : "ip6");
        }
    }

    private void AddFamily(string name)
    {
        if ((name == "ip") != (table.Family == IpFamily.IPv4))
        {
            // A rule of an inet table for the other family.
            _steps.Add(new RuleStep.ProtocolMatch(null, IsNegated: false));
        }
    }

    private void AddDependencies(NftExpression expression)
    {
        switch (expression)
        {
            case NftExpression.Concatenation parts:
                Array.ForEach(parts.Parts, AddDependencies);
                break;
            case NftExpression.Binary binary:
                AddDependencies(binary.Left);
                break;
            case NftExpression.Map map:
                AddDependencies(map.Key);
                break;
            case NftExpression.Element element:
                AddDependencies(element.Value);
                break;
            case NftExpression.Payload payload:
                AddDependency(payload);
                break;
            case NftExpression.Connection { Key: not "state" and not "mark" and not "zone" and not "original zone" and not "reply zone" }:
                _steps.Add(new RuleStep.TrackedMatch());
                break;
        }
    }

    /// <summary>What nft asks for before a field: the family or the protocol that has it.</summary>
    private void AddDependency(NftExpression.Payload payload)
    {
        switch (payload.Protocol)
        {
            case "ip" or "ip6":
                AddFamily(payload.Protocol);
                break;
            case "tcp" or "udp" or "sctp" or "tcp option":
                TransportProtocol implied = payload.Protocol switch { "tcp" or "tcp option" => TransportProtocol.Tcp, "udp" => TransportProtocol.Udp, _ => TransportProtocol.Sctp };
                _steps.Add(new RuleStep.ProtocolMatch(implied, IsNegated: false));
                break;
            case "icmp" or "icmpv6" or "igmp" or "esp" or "ah" or "comp" or "dccp" or "udplite" or "gre":
                _steps.Add(new RuleStep.ProtocolMatch(null, IsNegated: false));
                break;
        }
    }
}
