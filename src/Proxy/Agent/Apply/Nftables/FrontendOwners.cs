using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>The service port that a frontend belongs to, and the policy that the frontend follows.</summary>
internal readonly record struct FrontendOwner(ServicePortName ServicePort, TrafficPolicy Policy);

/// <summary>Finds the service port that a destination belongs to, as the rules do. Immutable.</summary>
internal sealed class FrontendOwners
{
    private readonly Dictionary<CountedKey, FrontendOwner> _owners;

    /// <summary>Makes the index.</summary>
    /// <param name="rules">The rules.</param>
    public FrontendOwners(FamilyRules rules)
    {
        Rules = rules;
        _owners = new(rules.Services.Count);
        foreach ((_, ServiceRules service) in rules.Services)
        {
            foreach (ServicePortRules port in service.Ports)
            {
                for (int index = 0; index < port.FrontendCount; index++)
                {
                    Frontend frontend = port.FrontendAt(index);
                    if (port.Owns(frontend))
                    {
                        _owners.TryAdd(Key(port, frontend), new(port.Name, port.PolicyOf(frontend).Policy));
                    }
                }
            }
        }
    }

    /// <summary>The rules.</summary>
    public FamilyRules Rules { get; }

    /// <summary>Finds the owner of a destination. Addresses of frontends come before node ports, as in the rules.</summary>
    public bool TryFind(CountedKey destination, out FrontendOwner owner) =>
        _owners.TryGetValue(destination, out owner) || _owners.TryGetValue(NodePort(destination), out owner);

    /// <summary>The key of a frontend; that of a node port has no address.</summary>
    public static CountedKey Key(ServicePortRules port, Frontend frontend) => new(frontend.Address, port.Name.Protocol, frontend.Port);

    /// <summary>The key of the node port that a destination is of, if it is of any.</summary>
    public static CountedKey NodePort(CountedKey destination) => destination with { Address = default };
}
