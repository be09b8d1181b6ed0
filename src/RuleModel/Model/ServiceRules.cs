using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>The service ports of one Service in one family, ordered by name.</summary>
/// <param name="Name">The Service.</param>
/// <param name="Ports">Its ports, at least one.</param>
public sealed record ServiceRules(NamespacedName Name, EquatableArray<ServicePortRules> Ports)
{
    /// <summary>Number of endpoints of all ports in any condition; what large-cluster mode counts (spec 5.10).</summary>
    public int EndpointCount
    {
        get
        {
            int count = 0;
            foreach (ServicePortRules port in Ports)
            {
                count += port.Endpoints.All.Length;
            }

            return count;
        }
    }
}
