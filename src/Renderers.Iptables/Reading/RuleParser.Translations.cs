using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <content>Targets that translate addresses.</content>
internal sealed partial class RuleParser
{
    private static RuleStep? Translation(string target, TargetOptions options)
    {
        bool isRandom = options.Has("--random") || options.Has("--random-fully");
        switch (target)
        {
            case "MASQUERADE" when options.Are("--to-ports", "--to", "--random", "--random-fully"):
                string ports = First(options, "--to-ports", "--to");
                return ports.Length == 0 ? new RuleStep.Masquerade { IsRandom = isRandom }
                    : TryPorts(ports, '-', out PortRange range) ? new RuleStep.Masquerade { Ports = range, IsRandom = isRandom }
                    : null;
            case "REDIRECT" when options.Are("--to-ports", "--to-port", "--to", "--random"):
                string redirected = First(options, "--to-ports", "--to-port", "--to");
                return redirected.Length == 0 ? new RuleStep.Translate(TranslationKind.ToThisNode, new(null, null, isRandom))
                    : TryPorts(redirected, '-', out PortRange to) ? new RuleStep.Translate(TranslationKind.ToThisNode, new(null, to, isRandom))
                    : null;
            case "DNAT" when options.Are("--to-destination", "--to", "--random", "--random-fully", "--persistent"):
                return TryTarget(First(options, "--to-destination", "--to"), isRandom, out TranslationRange destination) ? Destination(destination) : null;
            case "SNAT" when options.Are("--to-source", "--to", "--random", "--random-fully", "--persistent"):
                return TryTarget(First(options, "--to-source", "--to"), isRandom, out TranslationRange source) ? new RuleStep.Translate(TranslationKind.Source, source) : null;
            case "NETMAP" when options.Are("--to"):
                return TryPrefix(options.Value("--to"), out IpPrefix prefix) ? new RuleStep.TranslatePrefix(prefix) : null;
            default:
                return null;
        }
    }

    private static string First(TargetOptions options, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (options.Value(name) is { Length: > 0 } value)
            {
                return value;
            }
        }

        return "";
    }

    /// <summary>One address and port, as kube-proxy writes it, or several to choose from.</summary>
    private static RuleStep Destination(TranslationRange to)
    {
        bool isPlain = to.Addresses is null or { IsSingle: true } && to.Ports is null or { Count: 1 } && to.Base is null;
        return isPlain
            ? new RuleStep.Dnat(to.Addresses is { } address ? IpAddress.FromBits(address.First) : null, to.Ports?.First)
            : new RuleStep.Translate(TranslationKind.Destination, to);
    }

    /// <summary>Reads <c>address[-address][:port[-port[/base]]]</c>, with brackets around IPv6 addresses that have a port.</summary>
    private static bool TryTarget(string value, bool isRandom, out TranslationRange range)
    {
        range = default;
        bool isBracketed = value.StartsWith('[');
        int colon = isBracketed ? value.LastIndexOf("]:", StringComparison.Ordinal) + 1 : value.LastIndexOf(':');
        bool hasPort = isBracketed ? colon > 0 : colon >= 0 && value.IndexOf(':', StringComparison.Ordinal) == colon;
        string addressText = hasPort ? value[..colon] : value;
        AddressRange? addresses = null;
        if (addressText.Length != 0)
        {
            string[] ends = addressText.Split('-');
            if (ends.Length > 2 || !IpAddress.TryParse(ends[0].Trim('[', ']'), out IpAddress first) || !IpAddress.TryParse(ends[^1].Trim('[', ']'), out IpAddress last)
                || first.Family != last.Family || last.CompareTo(first) < 0)
            {
                return false;
            }

            addresses = new(first.ToBits(), last.ToBits());
        }

        if (!hasPort)
        {
            range = new(addresses, null, isRandom);
            return addresses is not null;
        }

        string[] shifted = value[(colon + 1)..].Split('/');
        ushort start = 0;
        if (!TryPorts(shifted[0], '-', out PortRange ports) || shifted.Length > 2 || (shifted.Length == 2 && !ushort.TryParse(shifted[1], out start)))
        {
            return false;
        }

        range = new(addresses, ports, isRandom) { Base = shifted.Length == 2 ? start : null };
        return true;
    }
}
