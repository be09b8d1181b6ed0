using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>Finds the Service that a packet is for: by the model if there is one, else by names and comments of rules on its path.</summary>
internal sealed class ServiceNames
{
    private readonly List<PortFinder> _finders = [];

    public ServiceNames(IEnumerable<ComparedSide> sides)
    {
        foreach (ComparedSide side in sides)
        {
            if (side.Model is not null)
            {
                _finders.Add(new(side.Model));
            }
        }
    }

    /// <summary>The name of the service port; empty if it is not known.</summary>
    public string Find(WalkPacket packet, IEnumerable<WalkOutcome> paths)
    {
        FrontendAddress frontend = new(packet.Destination, packet.Protocol, packet.DestinationPort);
        foreach (PortFinder finder in _finders)
        {
            if (finder.TryFind(frontend, out ServicePortRules? port, out _))
            {
                return port!.Name.ToString(); // found
            }
        }

        return ServiceInRules.OfPath(paths.SelectMany(path => path.Trace));
    }
}
