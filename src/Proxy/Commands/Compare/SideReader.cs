using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>Reads one side: saved rules, this node's rules, or manifests that rules are made from.</summary>
/// <param name="streams">Where manifests come from and messages go.</param>
/// <param name="host">The host.</param>
internal sealed class SideReader(CommandStreams streams, AgentHost host)
{
    /// <summary>The word for this node's rules.</summary>
    public const string Live = "live";

    /// <summary>Reads.</summary>
    /// <returns>The side; null when manifests have errors, which have been reported.</returns>
    /// <exception cref="InputException">The input cannot be used.</exception>
    public async Task<ComparedSide?> ReadAsync(ClusterOptions options, IReadOnlyList<IpFamily> families, CancellationToken stop)
    {
        if (options.Paths is [Live])
        {
            return await ReadLiveAsync(options.Mode, families, stop);
        }

        int dumps = options.Paths.Count(static path => RuleText.KindOfFile(path) != RuleTextKind.None);
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

    private async Task<ComparedSide> ReadLiveAsync(string? mode, IReadOnlyList<IpFamily> families, CancellationToken stop) => new()
    {
        Title = mode is null ? "this node" : $"this node, {mode} rules",
        Rules = (await new LiveRules(host.Runner, streams.Errors).ReadAsync(mode, families, stop)).ToDictionary(rules => rules.Family),
        NodeAddresses = InterfaceAddresses.Read(),
    };
}

/// <summary>One of two rule sets.</summary>
internal sealed record ComparedSide
{
    /// <summary>Where it comes from, for the report.</summary>
    public required string Title { get; init; }

    public required IReadOnlyDictionary<IpFamily, Ruleset> Rules { get; init; }

    /// <summary>The model that rules were made from; null for rules that were there.</summary>
    public RuleModelSnapshot? Model { get; init; }

    /// <summary>The addresses on the node's interfaces; empty if that is not known.</summary>
    public IReadOnlyList<IpAddress> NodeAddresses { get; init; } = [];
}
