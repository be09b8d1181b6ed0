using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Golden.Tests;

/// <summary>Packets at random, of what occurs in two rule sets and a little beside.</summary>
internal sealed class PacketSampler
{
    private static readonly ConnectionStates[] s_states =
    [
        ConnectionStates.New, ConnectionStates.New, ConnectionStates.New, ConnectionStates.New, ConnectionStates.Established,
        ConnectionStates.Established | ConnectionStates.Dnat, ConnectionStates.Related, ConnectionStates.Invalid, ConnectionStates.Untracked,
    ];

    private readonly List<IpAddress> _addresses = [];
    private readonly List<IpAddress> _local;
    private readonly List<ushort> _ports = [9, 80, 53];
    private readonly List<uint> _marks = [0, 0, 0, 0x4000, 0x8000, uint.MaxValue];
    private readonly List<string> _interfaces = ["eth0"];
    private readonly List<string> _lists = [];
    private readonly Random _random;

    public PacketSampler(Ruleset a, Ruleset b, IReadOnlyList<IpAddress> local, Random random)
    {
        _random = random;
        _local = [.. local.Where(address => address.Family == a.Family)];
        _addresses.AddRange(_local);
        foreach (RuleStep step in a.Tables.Concat(b.Tables).SelectMany(table => table.Chains.Values).SelectMany(chain => chain.Rules).SelectMany(rule => rule.Steps.AsSpan().ToArray()))
        {
            Add(step);
        }
    }

    public WalkPacket Next()
    {
        bool isOfNode = _random.Next(3) == 0 && _local.Count != 0;
        return new(AddressRange.Of(Pick(isOfNode ? _local : _addresses)), Pick(_addresses), Pick([TransportProtocol.Tcp, TransportProtocol.Tcp, TransportProtocol.Udp, TransportProtocol.Sctp]), Pick(_ports))
        {
            InputInterface = isOfNode ? null : Pick(_interfaces),
            Mark = Pick(_marks),
            State = Pick(s_states),
            KnownTo = _lists.Count == 0 || _random.Next(3) != 0 ? [] : [Pick(_lists)],
        };
    }

    private T Pick<T>(IReadOnlyList<T> values) => values[_random.Next(values.Count)];

    private void Add(RuleStep step)
    {
        switch (step)
        {
            case RuleStep.AddressMatch match:
                foreach (AddressRange range in match.Ranges)
                {
                    _addresses.Add(IpAddress.FromBits(range.First));
                    _addresses.Add(IpAddress.FromBits(range.Last));
                }

                break;
            case RuleStep.PortMatch match:
                _ports.Add(match.First);
                break;
            case RuleStep.Dnat { Address: { } address }:
                _addresses.Add(address);
                break;
            case RuleStep.MarkMatch match:
                _marks.Add(match.Value);
                break;
            case RuleStep.InterfaceMatch { IsInput: true } match:
                _interfaces.Add(match.IsPrefix ? match.Name + "0" : match.Name);
                break;
            case RuleStep.KnownClientMatch match:
                _lists.Add(match.List);
                break;
            case RuleStep.SetMatch match:
                AddKeys(match.Set.Keys);
                break;
            case RuleStep.VerdictLookup lookup:
                AddKeys(lookup.Map.Steps.Keys);
                break;
            case RuleStep.DnatLookup lookup:
                AddKeys(lookup.Map.Targets.Keys);
                _addresses.AddRange(lookup.Map.Targets.Values.Select(target => target.Address));
                break;
        }
    }

    private void AddKeys(IEnumerable<string> keys)
    {
        foreach (string part in keys.SelectMany(key => key.Split(" . ")))
        {
            if (ushort.TryParse(part, out ushort port))
            {
                _ports.Add(port);
            }
            else if (IpAddress.TryParse(part, out IpAddress address))
            {
                _addresses.Add(address);
            }
        }
    }
}
