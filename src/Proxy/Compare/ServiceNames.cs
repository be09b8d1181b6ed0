using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Verify;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Semantics;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Compare;

/// <summary>Finds the Service that a packet is for: by the model if there is one, else by what rules on its way are called.</summary>
internal sealed partial class ServiceNames
{
    private readonly List<PortFinder> _finders = [];

    /// <summary>Prepares.</summary>
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
    public string Find(WalkPacket packet, IEnumerable<WalkOutcome> ways)
    {
        FrontendAddress frontend = new(packet.Destination, packet.Protocol, packet.DestinationPort);
        foreach (PortFinder finder in _finders)
        {
            if (finder.TryFind(frontend, out ServicePortRules? port, out _))
            {
                return port!.Name.ToString(); // found
            }
        }

        foreach (WalkTraceEntry entry in ways.SelectMany(way => way.Trace))
        {
            Match comment = InComment().Match(entry.Comment);
            if (comment.Success)
            {
                return comment.Value;
            }

            Match chain = InChain().Match(entry.Chain);
            if (chain.Success)
            {
                return chain.Groups["port"].Length == 0 ? chain.Groups["name"].Value : $"{chain.Groups["name"].Value}:{chain.Groups["port"].Value}";
            }
        }

        return "";
    }

    /// <summary>Comments of iptables rules begin with the service port, or name it after "for" or "to".</summary>
    [GeneratedRegex("[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[-a-z0-9]+)?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex InComment();

    /// <summary><c>service-CKDGZR4E-default/away/tcp/http</c> (spec 1.5).</summary>
    [GeneratedRegex("^(service|local|external|firewall|endpoint)-[A-Z2-7]{8}-(?<name>[^/]+/[^/]+)/(tcp|udp|sctp)/(?<port>[^_]*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex InChain();
}
