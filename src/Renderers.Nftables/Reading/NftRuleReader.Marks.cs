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
        if (mangle.Key is NftExpression.Meta { Key: "mark" } or NftExpression.Connection { Key: "mark" } && TryRead(mangle.Value, out MarkSource source, out uint and, out uint xor))
        {
            SetMark(mangle.Key is NftExpression.Connection, source, and, xor);
            return;
        }

        // They change nothing that rules of a packet's path ask for, or nothing that is followed.
        bool isHarmless = mangle.Key is NftExpression.Meta { Key: "priority" or "nftrace" or "secmark" }
            or NftExpression.Connection { Key: "secmark" or "label" or "event" or "helper" or "timeout" or "expectation" }
            or NftExpression.Payload { Protocol: "tcp option" }
            or NftExpression.Payload { Protocol: "ip" or "ip6", Field: "dscp" or "ecn" or "ttl" or "hoplimit" };
        _steps.Add(isHarmless ? new RuleStep.NoEffect(NftText.Of(mangle.Key)) : new RuleStep.UnknownStatement(NftText.Of(mangle)));
    }

    private void SetMark(bool isOfConnection, MarkSource source, uint and, uint xor)
    {
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
