using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <content>Statements that translate addresses.</content>
internal sealed partial class NftRuleReader
{
    private void Translate(NftStatement.Translate statement)
    {
        if (statement.Family.Length != 0)
        {
            AddFamily(statement.Family);
        }

        int before = _steps.Count;
        if (PlainTranslation(statement) is { } plain)
        {
            _steps.Add(plain);
            return;
        }

        if (statement is { Kind: "dnat", Port: null, IsPrefix: false, Address: NftExpression.Map map } && Key(map.Key) is { } key && FindTargets(map.Data, key) is { } targets)
        {
            _steps.Add(new RuleStep.DnatLookup(key, targets));
            return;
        }

        _steps.RemoveRange(before, _steps.Count - before);
        if (TranslationByMap(statement) is { } cases)
        {
            _steps.Add(cases);
            return;
        }

        _steps.RemoveRange(before, _steps.Count - before);
        _steps.Add(new RuleStep.UnknownStatement(NftText.Of(statement)));
    }

    /// <summary>To addresses and ports that the statement names itself; null if it has a map or something unknown.</summary>
    private static RuleStep? PlainTranslation(NftStatement.Translate statement)
    {
        bool isRandom = statement.Options.Contains("random", StringComparison.Ordinal);
        PortRange? ports = statement.Port is null ? null : NftFields.Ports(statement.Port);
        if (ports is null && statement.Port is not null)
        {
            return null;
        }

        switch (statement.Kind)
        {
            case "masquerade":
                return statement.Address is null ? new RuleStep.Masquerade { Ports = ports, IsRandom = isRandom } : null;
            case "redirect":
                return statement.Address is null ? new RuleStep.Translate(TranslationKind.ToThisNode, new(null, ports, isRandom)) : null;
            default:
                if (statement.Address is null)
                {
                    return ports is null ? null : Translation(statement.Kind, new(null, ports, isRandom));
                }

                return statement.IsPrefix ? Prefix(statement.Kind, statement.Address)
                    : NftElements.Range(statement.Address) is { } range ? Translation(statement.Kind, new(range, ports, isRandom))
                    : null;
        }
    }

    private RuleStep.Cases? TranslationByMap(NftStatement.Translate statement)
    {
        bool isRandom = statement.Options.Contains("random", StringComparison.Ordinal);
        NftExpression.Map? map = statement.Address as NftExpression.Map ?? statement.Port as NftExpression.Map;
        bool isOfPort = map is not null && ReferenceEquals(map, statement.Port);
        PortRange? ports = isOfPort || statement.Port is null ? null : NftFields.Ports(statement.Port);
        AddressRange? addresses = isOfPort && statement.Address is not null ? NftElements.Range(statement.Address) : null;
        bool isRest = (isOfPort || statement.Port is null || ports is not null) && (!isOfPort || statement.Address is null || addresses is not null);
        if (map is null || !isRest || Elements(map.Data) is not { } elements)
        {
            return null;
        }

        AddDependencies(map.Key);
        return Alternatives.Cases(map.Key, elements, Value) is { } cases ? new RuleStep.Cases(cases, NftText.Of(statement)) : null;

        RuleStep? Value(NftExpression value)
        {
            if (isOfPort)
            {
                return NftFields.Ports(value) is { } mapped ? Translation(statement.Kind, new(addresses, mapped, isRandom)) : null;
            }

            if (statement.IsPrefix)
            {
                return Prefix(statement.Kind, value);
            }

            if (value is NftExpression.Concatenation { Parts: [var address, var port] })
            {
                return NftElements.Range(address) is { } first && NftFields.Ports(port) is { } second ? Translation(statement.Kind, new(first, second, isRandom)) : null;
            }

            return NftElements.Range(value) is { } range ? Translation(statement.Kind, new(range, ports, isRandom)) : null;
        }
    }

    /// <summary>One address and port, as kube-proxy writes it, or several to choose from.</summary>
    private static RuleStep? Translation(string kind, TranslationRange to)
    {
        bool isPlain = to.Addresses is null or { IsSingle: true } && to.Ports is null or { Count: 1 };
        return kind switch
        {
            "dnat" when isPlain => new RuleStep.Dnat(to.Addresses is { } address ? IpAddress.FromBits(address.First) : null, to.Ports?.First),
            "dnat" => new RuleStep.Translate(TranslationKind.Destination, to),
            "snat" => new RuleStep.Translate(TranslationKind.Source, to),
            "redirect" when to.Addresses is null => new RuleStep.Translate(TranslationKind.ToThisNode, to),
            _ => null,
        };
    }

    private static RuleStep.TranslatePrefix? Prefix(string kind, NftExpression value)
    {
        while (value is NftExpression.Element element)
        {
            value = element.Value;
        }

        IpPrefix? prefix = value switch
        {
            NftExpression.Prefix written when IpPrefix.TryParse(string.Create(CultureInfo.InvariantCulture, $"{written.Address}/{written.Length}"), out IpPrefix parsed) => parsed,
            NftExpression.Word word when IpAddress.TryParse(word.Text, out IpAddress address) => IpPrefix.Of(address),
            _ => null,
        };
        return prefix is null ? null : new RuleStep.TranslatePrefix(prefix.Value, kind == "dnat" ? TranslationKind.Destination : TranslationKind.Source);
    }

    private TargetMap? FindTargets(NftExpression data, EquatableArray<KeyPart> key)
    {
        TargetMap map = new("");
        return data switch
        {
            NftExpression.Reference named => table.IsChangedByRules(named.Name) ? null : table.FindTargetMap(named.Name, key),
            NftExpression.Set set when NftElements.TryFill(map, key, set.Elements) => map,
            _ => null,
        };
    }
}
