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

    /// <summary>The word for rules that are made from the objects of an API server.</summary>
    public const string Cluster = "cluster";

    private const string IPv4Prefix = "ipv4:";
    private const string IPv6Prefix = "ipv6:";

    /// <summary>Reads.</summary>
    /// <param name="options">What the side is.</param>
    /// <param name="ipsetPath">The file with the ipsets that saved rules name; null for none.</param>
    /// <param name="families">The families.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>The side; null when manifests have errors, which have been reported.</returns>
    /// <exception cref="InputException">The input cannot be used.</exception>
    public async Task<ComparedSide?> ReadAsync(ClusterOptions options, string? ipsetPath, IReadOnlyList<IpFamily> families, CancellationToken stop)
    {
        if (options.Paths is [Live])
        {
            return await ReadLiveAsync(options.Mode, families, stop);
        }

        if (options.Paths is [Cluster])
        {
            return await RenderAsync(options with { Paths = [] }, streams, families, stop);
        }

        RuleFile[] files = [.. options.Paths.Select(FileOf)];
        byte[]? input = Array.Exists(files, static file => file.Path == SavedText.StandardInput) ? SavedText.Read(SavedText.StandardInput, streams.OpenInput) : null;
        CommandStreams own = input is null ? streams : streams with { OpenInput = () => new MemoryStream(input, writable: false) };
        int dumps = files.Count(file => file.Family is not null || (file.Path == SavedText.StandardInput ? RuleText.AreRules(input.AsSpan(0, Math.Min(input!.Length, RuleText.Beginning))) : RuleText.IsOfRules(file.Path)));
        if (dumps != 0 && dumps != files.Length)
        {
            throw new InputException($"{string.Join(',', options.Paths)}: saved rules and manifests on one side; give either");
        }

        return dumps != 0 ? ReadDumps(options, files, ipsetPath, own, families) : await RenderAsync(options, own, families, stop);
    }

    /// <summary>A file, with the family that a prefix says: <c>ipv6:rules.txt</c>.</summary>
    private static RuleFile FileOf(string path) =>
        path.StartsWith(IPv4Prefix, StringComparison.Ordinal) ? new(path[IPv4Prefix.Length..], IpFamily.IPv4)
        : path.StartsWith(IPv6Prefix, StringComparison.Ordinal) ? new(path[IPv6Prefix.Length..], IpFamily.IPv6)
        : new(path);

    /// <summary>A file as <see cref="FileOf"/> reads it.</summary>
    public static string TextOf(RuleFile file) => (file.Family switch { IpFamily.IPv4 => IPv4Prefix, IpFamily.IPv6 => IPv6Prefix, _ => "" }) + file.Path;

    private static ComparedSide ReadDumps(ClusterOptions options, RuleFile[] files, string? ipsetPath, CommandStreams streams, IReadOnlyList<IpFamily> families)
    {
        // Rules that show no family on either side are compared as those of one family; what differs is the same in both.
        SavedRuleReader reader = new(families, streams.OpenInput) { Assumed = families[0], FamilyOptions = $"{IPv4Prefix}FILE or {IPv6Prefix}FILE", IpsetPath = ipsetPath };
        SavedRules saved = reader.Read(files);
        saved.WriteNotes(streams.Errors);
        return new()
        {
            Title = options.Title ?? string.Join(", ", options.Paths),
            Rules = saved.Families.ToDictionary(static rules => rules.Family),
            Saved = saved,
            HasUnknownFamily = reader.HasUnknownFamily,
            HasKnownFamily = reader.HasKnownFamily,
        };
    }

    private async Task<ComparedSide?> RenderAsync(ClusterOptions options, CommandStreams streams, IReadOnlyList<IpFamily> families, CancellationToken stop)
    {
        if (await new ClusterReader(streams, host).ReadAsync(options, isThisNode: false, stop) is not { } cluster)
        {
            return null;
        }

        string name = options.Title ?? (options.Paths.Count == 0 ? "the cluster" : string.Join(", ", options.Paths));
        if (cluster.Objects.Count == 0)
        {
            throw new InputException($"{name}: holds neither rules nor Services, EndpointSlices or Nodes; give manifests, or what iptables-save or nft print");
        }

        string node = cluster.NodeName.Length == 0 ? "" : $" on node {cluster.NodeName}";
        return new()
        {
            Title = $"{name}, as {cluster.Mode} rules{node}",
            Rules = families.ToDictionary(family => family, family => RenderedRules.Of(cluster.Model[family], cluster.Mode)),
            Model = cluster.Model,
            NodeAddresses = cluster.NodeAddresses,
            HasKnownFamily = true,
        };
    }

    private async Task<ComparedSide> ReadLiveAsync(string? mode, IReadOnlyList<IpFamily> families, CancellationToken stop) => new()
    {
        Title = mode is null ? "this node" : $"this node, {mode} rules",
        Rules = (await new LiveRules(host.Runner, streams.Errors).ReadAsync(mode, families, stop)).ToDictionary(rules => rules.Family),
        NodeAddresses = InterfaceAddresses.Read(),
        HasKnownFamily = true,
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

    /// <summary>What was read from files; null for rules that were made or that are live.</summary>
    public SavedRules? Saved { get; init; }

    /// <summary>Whether there are rules that do not show their family.</summary>
    public bool HasUnknownFamily { get; init; }

    /// <summary>Whether there are rules that do.</summary>
    public bool HasKnownFamily { get; init; }

    /// <summary>The addresses on the node's interfaces; empty if that is not known.</summary>
    public IReadOnlyList<IpAddress> NodeAddresses { get; init; } = [];
}
