using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Finds the destinations that rules tell apart: addresses with a port, node ports on each address of the node, and, so
/// that checks on whole addresses are seen too, an unused port of each address and an address of each prefix.
/// </summary>
public sealed class FrontendFinder
{
    /// <summary>The discard port: no Service uses it.</summary>
    private const ushort UnusedPort = 9;

    private readonly HashSet<FrontendAddress> _found = [];
    private readonly HashSet<IpAddress> _probed = [];
    private readonly HashSet<(TransportProtocol, ushort)> _nodePorts = [];

    /// <summary>Adds what the rules of a set tell apart.</summary>
    public void Add(Ruleset rules)
    {
        foreach (WalkRule rule in rules.Tables.SelectMany(table => table.Chains.Values).SelectMany(chain => chain.Rules))
        {
            Add(rule);
        }
    }

    /// <summary>Everything found, ordered.</summary>
    /// <param name="nodeAddresses">The addresses of the node, of the family of the rules.</param>
    public SortedSet<FrontendAddress> Find(IEnumerable<IpAddress> nodeAddresses)
    {
        SortedSet<FrontendAddress> all = FindNamed(nodeAddresses);
        IEnumerable<IpAddress> probed = _probed.Concat(_found.Select(frontend => frontend.Address));
        all.UnionWith(probed.Select(address => new FrontendAddress(address, TransportProtocol.Tcp, UnusedPort)).ToArray());
        return all;
    }

    /// <summary>The destinations that rules name, ordered: without unused ports and addresses of prefixes, which nobody dials.</summary>
    /// <param name="nodeAddresses">The addresses of the node, of the family of the rules.</param>
    public SortedSet<FrontendAddress> FindNamed(IEnumerable<IpAddress> nodeAddresses)
    {
        SortedSet<FrontendAddress> all = [.. _found];
        foreach (IpAddress address in nodeAddresses)
        {
            all.UnionWith(_nodePorts.Select(port => new FrontendAddress(address, port.Item1, port.Item2)));
        }

        return all;
    }

    private void Add(WalkRule rule)
    {
        IpAddress? destination = null;
        TransportProtocol? protocol = null;
        ushort? port = null;
        foreach (RuleStep step in rule.Steps)
        {
            switch (step)
            {
                case RuleStep.AddressMatch { Field: PacketField.Destination } match:
                    destination = AddRanges(match) ?? destination;
                    break;
                case RuleStep.ProtocolMatch { IsNegated: false } match:
                    protocol = match.Protocol;
                    break;
                case RuleStep.PortMatch { Field: PacketField.DestinationPort, IsNegated: false } match when match.First == match.Last:
                    port = match.First;
                    break;
                case RuleStep.VerdictLookup lookup:
                    AddKeys(lookup);
                    break;
                case RuleStep.SetMatch { Key.Length: 1 } match when match.Key[0].Field == PacketField.Destination:
                    AddAddresses(match.Set);
                    break;
            }
        }

        if (protocol is null || port is null)
        {
            return;
        }

        if (destination is { } address)
        {
            _found.Add(new(address, protocol.Value, port.Value));
        }
        else
        {
            _nodePorts.Add((protocol.Value, port.Value));
        }
    }

    /// <summary>The address of a match for one; of a prefix an address inside is noted.</summary>
    private IpAddress? AddRanges(RuleStep.AddressMatch match)
    {
        foreach (AddressRange range in match.Ranges)
        {
            if (!range.IsSingle)
            {
                _probed.Add(IpAddress.FromBits(range.Last - 1));
            }
        }

        return match.Ranges.Length == 1 && match.Ranges[0].IsSingle && !match.IsNegated ? IpAddress.FromBits(match.Ranges[0].First) : null;
    }

    private void AddAddresses(ElementSet set)
    {
        foreach (string key in set.Keys)
        {
            if (IpAddress.TryParse(key, out IpAddress address))
            {
                _probed.Add(address);
            }
        }
    }

    private void AddKeys(RuleStep.VerdictLookup lookup)
    {
        int addressAt = lookup.Key.AsSpan().IndexOf(new KeyPart(PacketField.Destination));
        int protocolAt = lookup.Key.AsSpan().IndexOf(new KeyPart(PacketField.Protocol));
        int portAt = lookup.Key.AsSpan().IndexOf(new KeyPart(PacketField.DestinationPort));
        if (protocolAt < 0 || portAt < 0)
        {
            return;
        }

        foreach (string key in lookup.Map.Steps.Keys)
        {
            string[] parts = key.Split(" . ");
            if (!TransportProtocols.TryParse(parts[protocolAt].ToUpperInvariant(), out TransportProtocol protocol)
                || !ushort.TryParse(parts[portAt], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            {
                continue;
            }

            if (addressAt < 0)
            {
                _nodePorts.Add((protocol, port));
            }
            else if (IpAddress.TryParse(parts[addressAt], out IpAddress address))
            {
                _found.Add(new(address, protocol, port));
            }
        }
    }
}

/// <summary>A destination that rules treat in some way of their own.</summary>
/// <param name="Address">The address.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="Port">The port.</param>
public readonly record struct FrontendAddress(IpAddress Address, TransportProtocol Protocol, ushort Port) : IComparable<FrontendAddress>
{
    /// <inheritdoc/>
    public int CompareTo(FrontendAddress other)
    {
        int byAddress = Address.CompareTo(other.Address);
        return byAddress != 0 ? byAddress : (Protocol, Port).CompareTo((other.Protocol, other.Port));
    }

    /// <summary><c>10.96.0.10:80/tcp</c>.</summary>
    public override string ToString() => $"{new EndpointAddress(Address, Port)}/{Protocol.ToUpperText().ToLowerInvariant()}";
}
