using KubeProxySharp.Proxy.Agent;
using KubeProxySharp.Proxy.CommandLine;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Inputs;
using KubeProxySharp.Proxy.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Compare;

/// <summary>Reads one side: saved rules, this node's rules, or manifests that rules are made from.</summary>
/// <param name="streams">Where manifests come from and messages go.</param>
/// <param name="host">The host.</param>
internal sealed class SideReader(CommandStreams streams, AgentHost host)
{
    /// <summary>The word for this node's rules.</summary>
    public const string Live = "live";

    /// <summary>Reads.</summary>
    /// <returns>The side; null when manifests have errors, which have been told.</returns>
    /// <exception cref="InputException">The input cannot be used.</exception>
    public async Task<ComparedSide?> ReadAsync(ClusterOptions options, IReadOnlyList<IpFamily> families, CancellationToken stop)
    {
        if (options.Paths is [Live])
        {
            return await ReadLiveAsync(options.Mode, families, stop);
        }

        int dumps = options.Paths.Count(RuleDump.IsOne);
        if (dumps != 0 && dumps != options.Paths.Count)
        {
            throw new InputException($"{string.Join(',', options.Paths)}: saved rules and manifests on one side; give either");
        }

        return dumps != 0 ? ReadDumps(options, families) : await RenderAsync(options, families, stop);
    }

    private static ComparedSide ReadDumps(ClusterOptions options, IReadOnlyList<IpFamily> families) => new()
    {
        Title = string.Join(", ", options.Paths),
        Rules = RuleSource.ReadFiles(options.Paths, families).ToDictionary(rules => rules.Family),
    };

    private async Task<ComparedSide?> RenderAsync(ClusterOptions options, IReadOnlyList<IpFamily> families, CancellationToken stop)
    {
        if (await new ClusterReader(streams, host).ReadAsync(options, isThisNode: false, stop) is not { } cluster)
        {
            return null;
        }

        string node = cluster.NodeName.Length == 0 ? "" : $" on node {cluster.NodeName}";
        return new()
        {
            Title = $"{string.Join(", ", options.Paths)}, as {cluster.Mode} rules{node}",
            Rules = families.ToDictionary(family => family, family => RenderedRules.Of(cluster.Model[family], cluster.Mode)),
            Model = cluster.Model,
            NodeAddresses = cluster.NodeAddresses,
        };
    }

    private async Task<ComparedSide> ReadLiveAsync(string? mode, IReadOnlyList<IpFamily> families, CancellationToken stop)
    {
        Dictionary<IpFamily, Ruleset> rules = [];
        if (mode != ProxyMode.Nftables)
        {
            foreach (Ruleset read in await RuleSource.ReadLiveAsync(host.Runner, ProxyMode.Iptables, IptablesVariants.Auto, families, stop))
            {
                rules.Add(read.Family, read);
            }
        }

        if (mode != ProxyMode.Iptables)
        {
            foreach (Ruleset read in await ReadNftAsync(isNeeded: mode is not null, families, stop))
            {
                if (!rules.TryAdd(read.Family, read))
                {
                    // nft lists what iptables wrote too; that has been read by iptables, which knows its own words.
                    rules[read.Family].Tables.AddRange(read.Tables.Where(table => table.Name == "kube-proxy"));
                }
            }
        }

        return new() { Title = mode is null ? "this node" : $"this node, {mode} rules", Rules = rules, NodeAddresses = InterfaceAddresses.Read() };
    }

    private async Task<IReadOnlyList<Ruleset>> ReadNftAsync(bool isNeeded, IReadOnlyList<IpFamily> families, CancellationToken stop)
    {
        try
        {
            return await RuleSource.ReadLiveAsync(host.Runner, ProxyMode.Nftables, IptablesVariants.Auto, families, stop);
        }
        catch (InputException) when (!isNeeded)
        {
            streams.Errors.WriteLine("note: nft cannot be asked here; only iptables rules of this node are compared");
            return [];
        }
    }
}
