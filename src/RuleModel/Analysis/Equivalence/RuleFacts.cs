using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>What has to be known of a whole rule set before its paths can be compared with those of another.</summary>
internal sealed class RuleFacts
{
    private readonly Dictionary<string, SortedSet<string>> _remembered = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>Collects them.</summary>
    public RuleFacts(Ruleset rules)
    {
        foreach (WalkTable table in rules.Tables)
        {
            foreach (WalkChain chain in table.Chains.Values)
            {
                Add(chain);
            }
        }
    }

    private RuleFacts(RuleFacts other, string knownOnly)
    {
        _remembered = other._remembered;
        _asked = other._asked;
        UnknownMatches = other.UnknownMatches;
        KnownOnly = knownOnly;
    }

    /// <summary>The only list that knows the client; null if it may be known to any.</summary>
    public string? KnownOnly { get; }

    /// <summary>The matches that are not understood.</summary>
    public HashSet<string> UnknownMatches { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// The name of a list of clients that is the same whoever wrote the rules: the endpoint that its clients were sent to.
    /// Empty if no rule fills the list.
    /// </summary>
    public string NameOf(string list) => _remembered.TryGetValue(list, out SortedSet<string>? targets) ? string.Join(' ', targets) : "";

    /// <summary>Whether some rule asks whether a list knows a client.</summary>
    public bool IsAsked(string list) => _asked.Contains(list);

    /// <summary>The same for a client that one list knows and no other.</summary>
    public RuleFacts Knowing(string list) => new(this, list);

    private void Add(WalkChain chain)
    {
        List<string> pending = [];
        foreach (WalkRule rule in chain.Rules)
        {
            NestedSteps.ForEach(rule, step =>
            {
                switch (step)
                {
                    case RuleStep.KnownClientMatch match:
                        _asked.Add(match.List);
                        break;
                    case RuleStep.UnknownMatch match:
                        UnknownMatches.Add(match.Text + match.Contents);
                        break;
                    case RuleStep.MarkMatch match:
                        UnknownMatches.Add(match.NameOfRestored);
                        break;
                    case RuleStep.SettledMatch match:
                        UnknownMatches.Add(match.Text);
                        break;
                    case RuleStep.ConnectionMarkMatch or RuleStep.AddressTypeMatch or RuleStep.AddressMatch { Field: PacketField.OriginalDestination }
                        or RuleStep.PortMatch { Field: PacketField.OriginalDestinationPort } or RuleStep.PortsMatch { Field: PacketField.OriginalDestinationPort }:
                        // Undecided for a space of packets; the walk names the condition by the match.
                        UnknownMatches.Add(step.ToString());
                        break;
                    case RuleStep.RememberClient remember:
                        pending.Add(remember.List);
                        _remembered.TryAdd(remember.List, new(StringComparer.Ordinal));
                        break;
                    case RuleStep.Dnat dnat:
                        string target = dnat.Address is { } address && dnat.Port is { } port ? new EndpointAddress(address, port).ToString() : dnat.ToString();
                        pending.ForEach(list => _remembered[list].Add(target));
                        pending.Clear();
                        break;
                }
            });
        }

        // A list that is filled where nothing is rewritten.
        pending.ForEach(list => _remembered[list].Add("-"));
    }
}
