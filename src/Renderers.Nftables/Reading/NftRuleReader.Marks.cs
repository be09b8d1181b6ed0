using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <content>Statements that set fields: marks of packets and connections are followed.</content>
internal sealed partial class NftRuleReader
{
    /// <summary>Where the bits of a value come from.</summary>
    private enum MarkSource : byte
    {
        None,
        Packet,
        Connection,
    }

    private void Mangle(NftStatement.Mangle mangle)
    {
        bool isOfConnection = mangle.Key is NftExpression.Connection;
        if (mangle.Key is NftExpression.Meta { Key: "mark" } or NftExpression.Connection { Key: "mark" })
        {
            if (TryRead(mangle.Value, out MarkSource source, out uint and, out uint xor))
            {
                SetMark(isOfConnection, source, and, xor);
                return;
            }

            int before = _steps.Count;
            if (mangle.Value is NftExpression.Map map && MarkByMap(isOfConnection, map, NftText.Of(mangle)) is { } cases)
            {
                _steps.Add(cases);
                return;
            }

            _steps.RemoveRange(before, _steps.Count - before);
        }

        if (mangle.Key is NftExpression.Connection { Key: "zone" or "original zone" or "reply zone" })
        {
            AddDependencies(mangle.Value);
            if (mangle.Value is NftExpression.Map zones)
            {
                _steps.Add(KeyOf(zones, NftText.Of(mangle)));
            }

            _steps.Add(new RuleStep.TrackingTemplate(NftText.Of(mangle), AlsoUntracked: true));
            return;
        }

        // They change nothing that rules of a packet's path ask for, or nothing that is followed.
        bool isHarmless = mangle.Key is NftExpression.Meta { Key: "priority" or "nftrace" or "secmark" }
            or NftExpression.Connection { Key: "secmark" or "label" or "event" or "helper" or "timeout" or "expectation" }
            or NftExpression.Payload { Protocol: "tcp option" }
            or NftExpression.Payload { Protocol: "ip" or "ip6", Field: "dscp" or "ecn" or "ttl" or "hoplimit" };
        if (!isHarmless)
        {
            _steps.Add(new RuleStep.UnknownStatement(NftText.Of(mangle)));
            return;
        }

        // A packet without the field, or without a value in the map, ends the rule.
        if (mangle.Key is NftExpression.Payload field)
        {
            AddDependency(field);
        }

        AddDependencies(mangle.Value);
        if (mangle.Value is NftExpression.Map values)
        {
            _steps.Add(KeyOf(values, NftText.Of(mangle)));
        }

        _steps.Add(new RuleStep.NoEffect(NftText.Of(mangle.Key)));
    }

    /// <summary>The mark that a map has for a key of any kind; null if a part is not understood.</summary>
    private RuleStep.Cases? MarkByMap(bool isOfConnection, NftExpression.Map map, string text)
    {
        if (Elements(map.Data) is not { } elements)
        {
            return null;
        }

        AddDependencies(map.Key);
        return Alternatives.Cases(map.Key, elements, Value) is { } cases ? new RuleStep.Cases(cases, text) : null;

        RuleStep? Value(NftExpression value) =>
            !NftNumber.TryRead(value, out uint mark) ? null : isOfConnection ? new RuleStep.SetConnectionMark(0, mark) : new RuleStep.SetMark(0, mark);
    }

    private void SetMark(bool isOfConnection, MarkSource source, uint and, uint xor)
    {
        if (source == MarkSource.Connection)
        {
            // Without a connection there is no mark to read, and the rule ends (net/netfilter/nft_ct.c, nft_ct_get_eval).
            _steps.Add(new RuleStep.TrackedMatch());
        }

        switch (source)
        {
            case MarkSource.None:
                and = 0;
                break;
            case MarkSource.Packet when isOfConnection:
                _steps.Add(new RuleStep.SaveMark(uint.MaxValue, and));
                and = uint.MaxValue;
                break;
            case MarkSource.Connection when !isOfConnection:
                _steps.Add(new RuleStep.RestoreMark(uint.MaxValue, and));
                and = uint.MaxValue;
                break;
        }

        if (and != uint.MaxValue || xor != 0 || source == MarkSource.None)
        {
            _steps.Add(isOfConnection ? new RuleStep.SetConnectionMark(and, xor) : new RuleStep.SetMark(and, xor));
        }
        else if ((source == MarkSource.Connection) == isOfConnection)
        {
            _steps.Add(new RuleStep.NoEffect("mark"));
        }
    }

    /// <summary>Reads an expression of the form (mark AND x) XOR y, which combinations of AND, OR and XOR with numbers have.</summary>
    private static bool TryRead(NftExpression expression, out MarkSource source, out uint and, out uint xor)
    {
        source = MarkSource.None;
        and = uint.MaxValue;
        xor = 0;
        switch (expression)
        {
            case NftExpression.Meta { Key: "mark" }:
                source = MarkSource.Packet;
                return true;
            case NftExpression.Connection { Key: "mark" }:
                source = MarkSource.Connection;
                return true;
            case NftExpression.Binary binary when NftNumber.TryRead(binary.Right, out uint bits) && TryRead(binary.Left, out source, out and, out xor):
                (and, xor) = binary.Operator switch
                {
                    "&" => (and & bits, xor & bits),
                    "|" => (and & ~bits, (xor & ~bits) | bits),
                    _ => (and, xor ^ bits),
                };
                return true;
            default:
                return NftNumber.TryRead(expression, out xor);
        }
    }
}
