using System.Globalization;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What <c>--to</c> names: an address and a port, or a Service, which stands for its cluster IP.</summary>
/// <param name="Address">The address; null for a Service.</param>
/// <param name="Service">The Service; null for an address.</param>
/// <param name="Port">The port as given: a number or, for a Service, a name; empty for a Service's only port.</param>
/// <param name="Protocol">The protocol; null if not given.</param>
internal sealed record PacketDestination(IpAddress? Address, NamespacedName? Service, string Port, TransportProtocol? Protocol)
{
    private const string ServicePrefix = "svc:";
    private const string Remedy = "give ADDRESS:PORT[/PROTOCOL] such as 10.96.0.10:53/udp or [fd00::10]:443, or svc:NAMESPACE/NAME[:PORT]";

    /// <summary>Parses the text of the option.</summary>
    /// <param name="text">The text.</param>
    /// <param name="option">The option, for messages.</param>
    /// <exception cref="InputException">It is neither.</exception>
    public static PacketDestination Parse(string text, string option = "--to")
    {
        string rest = text;
        TransportProtocol? protocol = null;
        int slash = rest.LastIndexOf('/');
        if (slash >= 0 && TransportProtocols.TryParse(rest[(slash + 1)..].ToUpperInvariant(), out TransportProtocol given))
        {
            protocol = given;
            rest = rest[..slash];
        }

        if (rest.StartsWith(ServicePrefix, StringComparison.Ordinal))
        {
            string[] names = rest[ServicePrefix.Length..].Split('/');
            string[] last = names.Length == 2 ? names[1].Split(':') : [];
            return last.Length is 1 or 2 && names[0].Length != 0 && last[0].Length != 0
                ? new(null, new NamespacedName(names[0], last[0]), last.Length == 2 ? last[1] : "", protocol)
                : throw new InputException($"{option} {text}: {Remedy}");
        }

        int colon = rest.LastIndexOf(':');
        bool isBare = colon < 0 || (rest.IndexOf(':', StringComparison.Ordinal) != colon && !rest.StartsWith('['));
        if (isBare || !IpAddress.TryParse(rest[..colon].Trim('[', ']'), out IpAddress address))
        {
            throw new InputException($"{option} {text}: {Remedy}");
        }

        return ParsePort(rest[(colon + 1)..]) is not null
            ? new(address, null, rest[(colon + 1)..], protocol)
            : throw new InputException($"{option} {text}: \"{rest[(colon + 1)..]}\" is not a port; {Remedy}");
    }

    /// <summary>A port from 1 to 65535; null for anything else.</summary>
    public static ushort? ParsePort(string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0 ? port : null;
}
