using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Selection;

/// <summary>One endpoint of a service port: a DNAT target with what is known about it.</summary>
/// <param name="Target">Where traffic is sent.</param>
/// <param name="Conditions">Its conditions.</param>
/// <param name="IsLocal">Whether it runs on this node.</param>
public readonly record struct Endpoint(EndpointAddress Target, EndpointConditions Conditions, bool IsLocal)
{
    /// <summary>Whether it takes new connections.</summary>
    public bool IsReady => (Conditions & EndpointConditions.Ready) != 0;

    /// <summary>Whether it still answers, whether or not it is terminating.</summary>
    public bool IsServing => (Conditions & EndpointConditions.Serving) != 0;

    /// <summary>Whether it is being shut down.</summary>
    public bool IsTerminating => (Conditions & EndpointConditions.Terminating) != 0;

    /// <summary>Whether it may be used while no endpoint is ready (spec 4.1).</summary>
    public bool IsFallback => IsServing && IsTerminating;
}
