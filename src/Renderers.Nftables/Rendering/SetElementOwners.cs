using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>Which changed Service an element of a set is added for; of several the first.</summary>
internal sealed class SetElementOwners
{
    private readonly Dictionary<IpAddress, NamespacedName> _clusterIPs = [];
    private readonly Dictionary<LocalTarget, NamespacedName> _targets = [];

    public SetElementOwners(FamilyChange change)
    {
        foreach (ServicePortChange changed in change.Ports)
        {
            if (changed.New is not { } port)
            {
                continue;
            }

            _clusterIPs.TryAdd(port.Spec.ClusterIP, port.Name.Service);
            foreach (Endpoint endpoint in port.Endpoints.Reachable)
            {
                _targets.TryAdd(new(endpoint.Target, port.Name.Protocol), port.Name.Service);
            }
        }
    }

    public NamespacedName? Find(IpAddress clusterIP) => _clusterIPs.TryGetValue(clusterIP, out NamespacedName service) ? service : null;

    public NamespacedName? Find(LocalTarget target) => _targets.TryGetValue(target, out NamespacedName service) ? service : null;
}
