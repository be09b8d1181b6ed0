using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>Finds what changes for the packets of a node when one rule set takes the place of another.</summary>
/// <param name="nodeAddresses">The addresses on the node's interfaces.</param>
/// <param name="wantedPorts">Names service ports by the model that is wanted.</param>
/// <param name="presentPorts">Names those that it does not have; null when there is no older model.</param>
internal sealed class ChangeFinder(IReadOnlyCollection<IpAddress> nodeAddresses, PortFinder wantedPorts, PortFinder? presentPorts)
{
    /// <summary>Looks at the rules of a family.</summary>
    /// <param name="present">Rules that are there.</param>
    /// <param name="wanted">Rules that take their place.</param>
    /// <param name="report">Receives what changes.</param>
    /// <param name="cancellation">Ends it.</param>
    public void Find(Ruleset present, Ruleset wanted, PlanReport report, CancellationToken cancellation)
    {
        FrontendFinder finder = new();
        finder.Add(present);
        finder.Add(wanted);
        RuleNames names = new();
        names.Add(present);
        IReadOnlyList<TrafficOrigin> origins = NeutralRules.Origins([present, wanted]);
        Dictionary<(string Service, ServiceChangeKind Kind, string Description), List<FrontendAddress>> groups = [];
        NeutralRules before = new(present, nodeAddresses);
        NeutralRules after = new(wanted, nodeAddresses);
        foreach (FrontendAddress frontend in finder.FindNamed(nodeAddresses.Where(address => address.Family == wanted.Family)))
        {
            cancellation.ThrowIfCancellationRequested();

            // Nothing but the node itself can reach a loopback address, whatever rules say of such packets from outside.
            IReadOnlyList<TrafficOrigin> possible = frontend.Address.IsLoopback ? [TrafficOrigin.Node] : origins;
            IReadOnlyList<NeutralRule> old = before.Describe(frontend, possible);
            IReadOnlyList<NeutralRule> next = after.Describe(frontend, possible);
            Count(old, next, report);
            if (Change(old, next) is { } change)
            {
                (string, ServiceChangeKind, string) key = (NameOf(frontend, names), change.Kind, change.Description);
                if (!groups.TryGetValue(key, out List<FrontendAddress>? frontends))
                {
                    frontends = [];
                    groups.Add(key, frontends);
                }

                frontends.Add(frontend);
            }
        }

        report.Changes.AddRange(groups
            .Select(group => new ServiceChange(group.Key.Service, group.Key.Kind, group.Value, group.Key.Description.Split('\n')))
            .OrderBy(change => change.Service, StringComparer.Ordinal)
            .ThenBy(change => change.Kind)
            .ThenBy(change => change.Frontends[0]));
    }

    private static void Count(IReadOnlyList<NeutralRule> old, IReadOnlyList<NeutralRule> next, PlanReport report)
    {
        report.Compared++;
        if (ChangeDescription.LeadsToEndpoints(old))
        {
            report.LeadToEndpoints++;
            report.LoseEndpoints += ChangeDescription.LeadsToEndpoints(next) ? 0 : 1;
        }
    }

    private static (ServiceChangeKind Kind, string Description)? Change(IReadOnlyList<NeutralRule> old, IReadOnlyList<NeutralRule> next)
    {
        if (old.Count == 0 || next.Count == 0)
        {
            return (old.Count, next.Count) switch
            {
                (0, 0) => null,
                (0, _) => (ServiceChangeKind.Added, ChangeDescription.Describe(next)),
                _ => (ServiceChangeKind.Removed, ChangeDescription.Describe(old)),
            };
        }

        IReadOnlyList<string> changes = ChangeDescription.Describe(old, next);
        return changes.Count == 0 ? null : (ServiceChangeKind.Changed, string.Join('\n', changes));
    }

    private string NameOf(FrontendAddress frontend, RuleNames names)
    {
        if (wantedPorts.TryFind(frontend, out ServicePortRules? port, out _) || (presentPorts is not null && presentPorts.TryFind(frontend, out port, out _)))
        {
            return port!.Name.ToString(); // found
        }

        return names.Find(frontend);
    }
}
