using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>
/// Compares what the rules of a node do with what they should do, destination by destination. How they are written does not
/// matter, nor whether kube-proxy wrote them or this program.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="mode">The mode of the rules.</param>
/// <param name="nodeAddresses">The addresses on the node's interfaces.</param>
internal sealed class RuleComparison(RuleModelSnapshot model, string mode, IReadOnlyCollection<IpAddress> nodeAddresses)
{
    private readonly PortFinder _ports = new(model);

    /// <summary>Compares the rules of a family.</summary>
    /// <param name="live">All rules of the node.</param>
    /// <param name="findings">Receives what differs.</param>
    /// <param name="cancellation">Ends it.</param>
    public void Compare(Ruleset live, RuleFindings findings, CancellationToken cancellation)
    {
        Ruleset expected = RenderedRules.Of(model[live.Family], mode);
        Ruleset ours = KubeRules.Of(live, mode);
        FrontendFinder finder = new();
        finder.Add(expected);
        finder.Add(ours);
        IReadOnlyList<TrafficOrigin> origins = NeutralRules.Origins([expected, ours]);
        NeutralRules should = new(expected, nodeAddresses);
        NeutralRules does = new(ours, nodeAddresses);
        foreach (FrontendAddress frontend in finder.Find(nodeAddresses.Where(address => address.Family == live.Family)))
        {
            cancellation.ThrowIfCancellationRequested();
            bool isService = _ports.TryFind(frontend, out ServicePortRules? port, out _);
            IReadOnlyList<NeutralRule> wanted = should.Describe(frontend, origins);
            IReadOnlyList<NeutralRule> actual = does.Describe(frontend, origins);
            findings.Compared++;
            if (!wanted.SequenceEqual(actual))
            {
                Add(frontend, isService ? port!.Name.ToString() : "", wanted, actual, findings); // found above
            }
        }
    }

    private static void Add(FrontendAddress frontend, string service, IReadOnlyList<NeutralRule> wanted, IReadOnlyList<NeutralRule> actual, RuleFindings findings)
    {
        string kind;
        if (actual.Count == 0)
        {
            kind = "missing";
            findings.Missing++;
        }
        else if (wanted.Count == 0)
        {
            kind = "foreign";
            findings.Foreign++;
        }
        else
        {
            kind = "changed";
            findings.Changed++;
        }

        if (findings.Differences.Count < VerifyReport.ListLimit)
        {
            findings.Differences.Add(new(kind, frontend, service, FirstOnlyIn(wanted, actual), FirstOnlyIn(actual, wanted)));
        }
    }

    private static string FirstOnlyIn(IReadOnlyList<NeutralRule> these, IReadOnlyList<NeutralRule> others) =>
        these.FirstOrDefault(rule => !others.Contains(rule)) is { } rule
            ? $"from {rule.Origin} {string.Join(' ', rule.Sources.AsSpan().ToArray().Select(range => range.ToString()))}: {rule.Behaviour}"
            : "";
}
