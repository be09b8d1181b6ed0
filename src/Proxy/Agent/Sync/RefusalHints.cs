using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// Maps the parts of a text that a tool refused to Services, by the names in comments and chains and by the addresses of
/// Services. A part that belongs to many Services is ignored.
/// </summary>
internal static class RefusalHints
{
    private const int MostOfPart = 3;

    private static readonly char[] s_separators = [' ', '\t', '"', '{', '}', ','];

    /// <summary>The suspects that are named.</summary>
    /// <param name="complaints">The parts of the text.</param>
    /// <param name="suspects">The Services that can be meant.</param>
    /// <param name="rules">The rules that were refused.</param>
    public static IReadOnlyList<NamespacedName> Find(IReadOnlyList<string> complaints, IReadOnlyCollection<NamespacedName> suspects, FamilyRules rules)
    {
        if (complaints.Count == 0)
        {
            return [];
        }

        Dictionary<string, NamespacedName> owners = Owners(suspects, rules);
        HashSet<NamespacedName> found = [];
        foreach (string complaint in complaints)
        {
            HashSet<NamespacedName> ofPart = [];
            foreach (string word in complaint.Split(s_separators, StringSplitOptions.RemoveEmptyEntries))
            {
                if (FindOwner(word, owners) is { } owner)
                {
                    ofPart.Add(owner);
                }
            }

            if (ofPart.Count <= MostOfPart)
            {
                found.UnionWith(ofPart);
            }
        }

        return [.. found.Order()];
    }

    private static Dictionary<string, NamespacedName> Owners(IReadOnlyCollection<NamespacedName> suspects, FamilyRules rules)
    {
        Dictionary<string, NamespacedName> owners = new(suspects.Count * 2, StringComparer.Ordinal);
        foreach (NamespacedName name in suspects)
        {
            owners.TryAdd(name.ToString(), name);
            if (!rules.Services.TryGetValue(name, out ServiceRules? service))
            {
                continue;
            }

            foreach (ServicePortRules port in service.Ports)
            {
                owners.TryAdd(port.Spec.ClusterIP.ToString(), name);
                foreach (IpAddress address in port.Spec.ExternalIPs)
                {
                    owners.TryAdd(address.ToString(), name);
                }

                foreach (IpAddress address in port.Spec.LoadBalancerIPs)
                {
                    owners.TryAdd(address.ToString(), name);
                }
            }
        }

        return owners;
    }

    /// <summary>Words such as <c>10.96.0.1</c>, <c>10.96.0.1/32</c>, <c>shop/web:http</c>, <c>affinity-4X2A-shop/web/tcp/http__10.0.0.1/80</c>.</summary>
    private static NamespacedName? FindOwner(string word, Dictionary<string, NamespacedName> owners)
    {
        if (owners.TryGetValue(word, out NamespacedName owner))
        {
            return owner;
        }

        int colon = word.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && owners.TryGetValue(word[..colon], out owner))
        {
            return owner;
        }

        int slash = word.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return null;
        }

        if (owners.TryGetValue(word[..slash], out owner))
        {
            return owner;
        }

        int second = word.IndexOf('/', slash + 1);
        string nameAndMore = second < 0 ? word : word[..second];
        for (int dash = nameAndMore.IndexOf('-', StringComparison.Ordinal); dash >= 0 && dash < slash; dash = nameAndMore.IndexOf('-', dash + 1))
        {
            if (owners.TryGetValue(nameAndMore[(dash + 1)..], out owner))
            {
                return owner;
            }
        }

        return null;
    }
}
