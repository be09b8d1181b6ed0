using System.Globalization;
using System.Text.RegularExpressions;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Semantics;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Plan;

/// <summary>
/// The names of Services as rules carry them: iptables rules in their comments, kube-proxy's nftables rules in the names of
/// chains. Services that the cluster does not have any more are named by these.
/// </summary>
internal sealed partial class RuleNames
{
    private readonly Dictionary<FrontendAddress, string> _byAddress = [];
    private readonly Dictionary<(TransportProtocol Protocol, ushort Port), string> _byNodePort = [];

    /// <summary>Takes in the names of a rule set.</summary>
    public void Add(Ruleset rules)
    {
        foreach (WalkRule rule in rules.Tables.SelectMany(table => table.Chains.Values).SelectMany(chain => chain.Rules))
        {
            AddComment(rule);
            foreach (RuleStep step in rule.Steps)
            {
                if (step is RuleStep.VerdictLookup lookup)
                {
                    AddChains(lookup);
                }
            }
        }
    }

    /// <summary>The name of a destination's service port; empty if the rules do not say.</summary>
    public string Find(FrontendAddress frontend) =>
        _byAddress.GetValueOrDefault(frontend) ?? _byNodePort.GetValueOrDefault((frontend.Protocol, frontend.Port)) ?? "";

    private void AddComment(WalkRule rule)
    {
        Match name = ServiceComment().Match(rule.Comment);
        if (!name.Success)
        {
            return;
        }

        IpAddress? address = null;
        TransportProtocol? protocol = null;
        ushort? port = null;
        foreach (RuleStep step in rule.Steps)
        {
            switch (step)
            {
                case RuleStep.AddressMatch { Field: PacketField.Destination, IsNegated: false, Ranges: { Length: 1 } ranges } when ranges[0].IsSingle:
                    address = IpAddress.FromBits(ranges[0].First);
                    break;
                case RuleStep.ProtocolMatch { IsNegated: false } match:
                    protocol = match.Protocol;
                    break;
                case RuleStep.PortMatch { Field: PacketField.DestinationPort, IsNegated: false } match when match.First == match.Last:
                    port = match.First;
                    break;
            }
        }

        if (protocol is { } known && port is { } number)
        {
            Note(address, known, number, name.Groups["name"].Value);
        }
    }

    private void AddChains(RuleStep.VerdictLookup lookup)
    {
        int addressAt = lookup.Key.AsSpan().IndexOf(new KeyPart(PacketField.Destination));
        int protocolAt = lookup.Key.AsSpan().IndexOf(new KeyPart(PacketField.Protocol));
        int portAt = lookup.Key.AsSpan().IndexOf(new KeyPart(PacketField.DestinationPort));
        if (protocolAt < 0 || portAt < 0)
        {
            return;
        }

        foreach ((string key, RuleStep step) in lookup.Map.Steps)
        {
            Match name = step is RuleStep.Jump jump ? ServiceChain().Match(jump.Chain) : Match.Empty;
            string[] parts = key.Split(" . ");
            IpAddress address = default;
            if (name.Success
                && TransportProtocols.TryParse(parts[protocolAt].ToUpperInvariant(), out TransportProtocol protocol)
                && ushort.TryParse(parts[portAt], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
                && (addressAt < 0 || IpAddress.TryParse(parts[addressAt], out address)))
            {
                string portName = name.Groups["port"].Value;
                Note(addressAt < 0 ? null : address, protocol, port, name.Groups["name"].Value + (portName.Length == 0 ? "" : ":" + portName));
            }
        }
    }

    private void Note(IpAddress? address, TransportProtocol protocol, ushort port, string name)
    {
        if (address is { } known)
        {
            _byAddress.TryAdd(new(known, protocol, port), name);
        }
        else
        {
            _byNodePort.TryAdd((protocol, port), name);
        }
    }

    /// <summary>Spec 5.5: <c>shop/web:http cluster IP</c>, or the name alone for a node port.</summary>
    [GeneratedRegex("^(?<name>[^ /]+/[^ /]+)(| cluster IP| external IP| loadbalancer IP| has no endpoints| has no local endpoints)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ServiceComment();

    /// <summary>Spec 1.5: <c>service-67NZLRHB-shop/web/tcp/http</c>.</summary>
    [GeneratedRegex("^(service|external)-[A-Z0-9]{8}-(?<name>[^/]+/[^/]+)/(tcp|udp|sctp)/(?<port>[^/]*)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ServiceChain();
}
