using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;

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

    /// <summary>The port on which load balancers query the number of local endpoints; 0 if there is none.</summary>
    public ushort HealthCheckNodePort => Ports[0].Spec.HealthCheckNodePort;

    /// <summary>Number of different addresses among the endpoints of all ports that are ready and on this node (spec 3.9).</summary>
    public int LocalReadyCount
    {
        get
        {
            HashSet<IpAddress> addresses = [];
            foreach (ServicePortRules port in Ports)
            {
                foreach (Endpoint endpoint in port.Endpoints.All)
                {
                    if (endpoint.IsLocal && endpoint.IsReady)
                    {
                        addresses.Add(endpoint.Target.Address);
                    }
                }
            }

            return addresses.Count;
        }
    }

    /// <summary>Number of ports that have endpoints, but none for traffic that a Local policy keeps on this node (spec 4.5).</summary>
    /// <param name="isInternal">True for the policy of the cluster IP, false for that of the external destinations.</param>
    public int CountWithoutLocalEndpoints(bool isInternal)
    {
        int count = 0;
        foreach (ServicePortRules port in Ports)
        {
            FrontendPolicy policy = isInternal ? port.Internal : port.External;
            if (policy.Verdict == FrontendVerdict.Drop)
            {
                count++;
            }
        }

        return count;
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
