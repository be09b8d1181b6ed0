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

    /// <summary>The port with this name, or null.</summary>
    public ServicePortRules? FindPort(ServicePortName name)
    {
        foreach (ServicePortRules port in Ports)
        {
            if (port.Name == name)
            {
                return port;
            }
        }

        return null;
    }

    /// <summary>Whether both make the same rules from the same endpoints; slots may differ.</summary>
    public bool HasSameContentAs(ServiceRules other)
    {
        if (Ports.Length != other.Ports.Length)
        {
            return false;
        }

        for (int index = 0; index < Ports.Length; index++)
        {
            if (!Ports[index].HasSameRulesAs(other.Ports[index]) || Ports[index].Endpoints.All != other.Ports[index].Endpoints.All)
            {
                return false;
            }
        }

        return true;
    }
}
