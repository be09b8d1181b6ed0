using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Routes;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain.Journey;

/// <summary>The interface that a packet comes in to the node by, where its interfaces and routes are known.</summary>
internal static class InputInterface
{
    /// <summary>Finds it.</summary>
    /// <param name="network">The node.</param>
    /// <param name="source">The source.</param>
    /// <param name="dialled">The destination as it was dialled.</param>
    /// <param name="isPod">Whether a pod of the node sends it.</param>
    /// <param name="assumption">What is assumed; empty if nothing is.</param>
    public static string Find(NodeNetwork network, IpAddress source, IpAddress dialled, bool isPod, out string assumption)
    {
        RouteDecision back = network.Find(new(source, null, null));
        string? own = network.InterfaceWith(dialled) is { Tunnel.Length: 0, Name: not "lo" } link && link.Kind != "dummy" ? link.Name : null;
        bool isNear = back is { Interface: not null, Gateway: null };
        assumption = "";
        if (isPod || (isNear && (own is null || own == back.Interface)))
        {
            return back.Interface ?? WalkPacket.UnknownInterface;
        }

        if (own is not null)
        {
            assumption = own == back.Interface ? "" : $"the packet is taken to come in by {own}, which has {dialled}; --interface gives another";
            return own;
        }

        if (back.Interface is null)
        {
            return WalkPacket.UnknownInterface;
        }

        assumption = $"the packet is taken to come in by {back.Interface}, by which the route to {source} leads; --interface gives another";
        return back.Interface;
    }
}
