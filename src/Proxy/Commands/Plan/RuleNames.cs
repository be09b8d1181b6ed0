using System.Globalization;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>
/// The names of Services as rules carry them: iptables rules in their comments, kube-proxy's nftables rules in the names of
/// chains. Services that the cluster does not have any more are named by these.
/// </summary>
internal sealed class RuleNames
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
        string name = ServiceInRules.OfComment(rule.Comment);
        if (name.Length == 0)
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
            Note(address, known, number, name);
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
            string name = step is RuleStep.Jump jump ? ServiceInRules.OfChain(jump.Chain) : "";
            string[] parts = key.Split(" . ");
            IpAddress address = default;
            if (name.Length != 0
                && TransportProtocols.TryParse(parts[protocolAt].ToUpperInvariant(), out TransportProtocol protocol)
                && ushort.TryParse(parts[portAt], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
                && (addressAt < 0 || IpAddress.TryParse(parts[addressAt], out address)))
            {
                Note(addressAt < 0 ? null : address, protocol, port, name);
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
}
