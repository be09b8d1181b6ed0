using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <content>Targets.</content>
internal sealed partial class RuleParser
{
    private void Target(string target, bool isGoto)
    {
        switch (target)
        {
            case "ACCEPT":
                _steps.Add(new RuleStep.Verdict(WalkVerdict.Accept));
                break;
            case "DROP":
                _steps.Add(new RuleStep.Verdict(WalkVerdict.Drop));
                break;
            case "RETURN":
                _steps.Add(new RuleStep.Verdict(WalkVerdict.Return));
                break;
            case "REJECT":
                _steps.Add(new RuleStep.Reject(OptionValue("--reject-with")));
                break;
            case "MASQUERADE":
                _steps.Add(new RuleStep.Masquerade());
                break;
            case "LOG" or "NFLOG" or "TRACE":
                _steps.Add(new RuleStep.NoEffect(target));
                break;
            case "MARK":
                SetMark(target);
                break;
            case "DNAT":
                Dnat(target);
                break;
            default:
                // With options it is an unknown target extension; a jump to a chain has none.
                _steps.Add(IsAtEnd ? new RuleStep.Jump(target, isGoto) : new RuleStep.UnknownStatement(Rest(target)));
                break;
        }
    }

    private void SetMark(string target)
    {
        string[] parts = OptionValue("--set-xmark").Split('/');
        if (parts.Length == 2 && TryNumber(parts[0], out uint value) && TryNumber(parts[1], out uint mask))
        {
            _steps.Add(new RuleStep.SetMark(~mask, value));
        }
        else
        {
            _steps.Add(new RuleStep.UnknownStatement(Rest(target)));
        }
    }

    private void Dnat(string target)
    {
        if (!TryEndpoint(OptionValue("--to-destination"), out IpAddress? address, out ushort? port))
        {
            _steps.Add(new RuleStep.UnknownStatement(Rest(target)));
            return;
        }

        _steps.Add(new RuleStep.Dnat(address, port));
    }

    /// <summary>Reads <c>10.0.0.1:80</c>, <c>[fd00::1]:80</c>, an address alone, or <c>:80</c>; no ranges.</summary>
    private static bool TryEndpoint(string value, out IpAddress? address, out ushort? port)
    {
        address = null;
        port = null;
        bool isBracketed = value.StartsWith('[');
        int colon = isBracketed ? value.IndexOf("]:", StringComparison.Ordinal) + 1 : value.LastIndexOf(':');
        bool hasPort = isBracketed ? colon > 0 : colon >= 0 && value.IndexOf(':', StringComparison.Ordinal) == colon;
        string addressText = hasPort ? value[..colon] : value;
        if (addressText.Length != 0)
        {
            if (!IpAddress.TryParse(addressText.Trim('[', ']'), out IpAddress parsed))
            {
                return false;
            }

            address = parsed;
        }

        if (hasPort)
        {
            if (!ushort.TryParse(value.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort number))
            {
                return false;
            }

            port = number;
        }

        return value.Length != 0;
    }

    private string OptionValue(string option)
    {
        int index = tokens.IndexOf(option, _position);
        return index < 0 || index + 1 >= tokens.Count ? "" : tokens[index + 1];
    }

    private string Rest(string target) => string.Join(' ', tokens[_position..].Prepend(target));
}
