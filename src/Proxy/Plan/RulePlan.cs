using KubeProxySharp.Proxy.Verify;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Semantics;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Plan;

/// <summary>Finds what changes for the packets of a node when one rule set takes the place of another.</summary>
/// <param name="nodeAddresses">The addresses on the node's interfaces.</param>
/// <param name="wantedPorts">Names service ports by the model that is wanted.</param>
/// <param name="presentPorts">Names those that it does not have; null when there is no older model.</param>
internal sealed class RulePlan(IReadOnlyCollection<IpAddress> nodeAddresses, PortFinder wantedPorts, PortFinder? presentPorts)
{
    /// <summary>Compares the rules of a family.</summary>
    /// <param name="present">Rules that are there.</param>
    /// <param name="wanted">Rules that take their place.</param>
    /// <param name="report">Receives what changes.</param>
    /// <param name="cancellation">Ends it.</param>
    public void Compare(Ruleset present, Ruleset wanted, PlanReport report, CancellationToken cancellation)
    {
        FrontendFinder finder = new();
        finder.Add(present);
        finder.Add(wanted);
        RuleNames names = new();
        names.Add(present);
        IReadOnlyList<TrafficOrigin> origins = NeutralRules.Origins([present, wanted]);
        Dictionary<(string Service, ServiceChangeKind Kind, string Words), List<FrontendAddress>> groups = [];
        SortedSet<FrontendAddress> dialled = finder.Find(nodeAddresses.Where(address => address.Family == wanted.Family));
        dialled.RemoveWhere(IsProbe);

        // All destinations of a rule set in one go: it is indexed once.
        ILookup<FrontendAddress, NeutralRule> before = Describe(present, dialled, origins);
        cancellation.ThrowIfCancellationRequested();
        ILookup<FrontendAddress, NeutralRule> after = Describe(wanted, dialled, origins);
        foreach (FrontendAddress frontend in dialled)
        {
            cancellation.ThrowIfCancellationRequested();
            NeutralRule[] old = [.. before[frontend]];
            NeutralRule[] next = [.. after[frontend]];
            Count(old, next, report);
            if (Change(old, next) is { } change)
            {
                (string, ServiceChangeKind, string) key = (NameOf(frontend, names), change.Kind, change.Words);
                if (!groups.TryGetValue(key, out List<FrontendAddress>? frontends))
                {
                    frontends = [];
                    groups.Add(key, frontends);
                }

                frontends.Add(frontend);
            }
        }

        report.Changes.AddRange(groups
            .Select(group => new ServiceChange(group.Key.Service, group.Key.Kind, group.Value, group.Key.Words.Split('\n')))
            .OrderBy(change => change.Service, StringComparer.Ordinal)
            .ThenBy(change => change.Kind)
            .ThenBy(change => change.Frontends[0]));
    }

    /// <summary>Ports that no Service has are looked at to tell rule sets apart; a person who plans does not ask for them.</summary>
    private bool IsProbe(FrontendAddress frontend) =>
        frontend is { Protocol: TransportProtocol.Tcp, Port: FrontendFinder.UnusedPort }
        && !wantedPorts.TryFind(frontend, out _, out _)
        && (presentPorts is null || !presentPorts.TryFind(frontend, out _, out _));

    /// <summary>What rules do, by destination. Nothing but the node itself can reach a loopback address, whatever rules say of such packets from outside.</summary>
    private ILookup<FrontendAddress, NeutralRule> Describe(Ruleset rules, IEnumerable<FrontendAddress> frontends, IReadOnlyList<TrafficOrigin> origins) =>
        NeutralRules.Describe(rules, nodeAddresses, frontends, origins)
            .Where(rule => !rule.Frontend.Address.IsLoopback || rule.Origin.Interface is null)
            .ToLookup(rule => rule.Frontend);

    private static void Count(NeutralRule[] old, NeutralRule[] next, PlanReport report)
    {
        report.Compared++;
        if (ChangeWords.LeadsToEndpoints(old))
        {
            report.LeadToEndpoints++;
            report.LoseEndpoints += ChangeWords.LeadsToEndpoints(next) ? 0 : 1;
        }
    }

    private static (ServiceChangeKind Kind, string Words)? Change(NeutralRule[] old, NeutralRule[] next)
    {
        if (old.Length == 0 || next.Length == 0)
        {
            return (old.Length, next.Length) switch
            {
                (0, 0) => null,
                (0, _) => (ServiceChangeKind.Added, ChangeWords.Describe(next)),
                _ => (ServiceChangeKind.Removed, ChangeWords.Describe(old)),
            };
        }

        IReadOnlyList<string> words = ChangeWords.Describe(old, next);
        return words.Count == 0 ? null : (ServiceChangeKind.Changed, string.Join('\n', words));
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
