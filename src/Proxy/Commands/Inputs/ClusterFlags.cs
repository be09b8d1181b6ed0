using System.CommandLine;
using System.CommandLine.Parsing;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>The flags that name a cluster and one of its nodes. A command adds those that it supports, and may change their descriptions.</summary>
internal sealed class ClusterFlags
{
    public Option<string[]> Paths { get; } = new("--filename", "-f")
    {
        Description = "Manifests instead of an API server: files, directories, or - for standard input.",
        HelpName = "PATH",
        AllowMultipleArgumentsPerToken = true,
    };

    /// <summary>Whether directories are read with all that is below them.</summary>
    public Option<bool> Recursive { get; } = new("--recursive", "-R") { Description = "Read directories recursively." };

    public Option<string?> Kubeconfig { get; } = new("--kubeconfig") { Description = "The kubeconfig of the API server. Default: that of the configuration if it is there, else as kubectl finds it: KUBECONFIG, ~/.kube/config, the service account of the Pod.", HelpName = "FILE" };

    /// <summary>The context of the kubeconfig.</summary>
    public Option<string?> Context { get; } = new("--context") { Description = "The context of the kubeconfig. Default: its current context.", HelpName = "NAME" };

    public Option<string?> Config { get; } = new("--config") { Description = "A KubeProxyConfiguration file.", HelpName = "FILE" };

    public Option<string?> Node { get; } = new("--node") { Description = "The node. Default: hostnameOverride, else the host name or the only Node of the manifests.", HelpName = "NAME" };

    public Option<IpAddress[]> NodeAddresses { get; } = new("--node-address")
    {
        Description = "An address on the node's interfaces; repeatable. Default: those of this node, or those of the Node when files are read.",
        HelpName = "ADDR[/PREFIX]",
        CustomParser = ParseAddresses,
    };

    /// <summary>The mode: iptables or nftables, and what else a command accepts.</summary>
    public Option<string?> Mode { get; }

    public Option<string> Family { get; } = new Option<string>("--family") { Description = "The address families to check.", DefaultValueFactory = _ => "all" }
        .AcceptOnlyFromAmong("ipv4", "ipv6", "all");

    /// <summary>Whether notes and warnings on objects are printed one by one.</summary>
    public Option<bool> Verbose { get; } = new("--verbose", "-v") { Description = "Print each note and warning on objects of the input, and not one of each kind with the number of others." };

    /// <summary>Makes the flags.</summary>
    /// <param name="moreModes">Values of the mode besides iptables and nftables.</param>
    public ClusterFlags(params string[] moreModes) =>
        Mode = new Option<string?>("--mode") { Description = "Default: the mode of the configuration, else iptables." }
            .AcceptOnlyFromAmong([ProxyMode.Iptables, ProxyMode.Nftables, .. moreModes]);

    /// <summary>Refuses manifests and an API server together.</summary>
    public void RefuseTwoClusters(Command command) => command.Validators.Add(result =>
    {
        if (result.GetResult(Paths) is not null && (result.GetResult(Kubeconfig) ?? result.GetResult(Context)) is not null)
        {
            result.AddError($"give either -f or {(result.GetResult(Kubeconfig) is null ? "--context" : "--kubeconfig")}, not both");
        }
    });

    /// <summary>Fills in what was given; flags that the command does not have stay at their defaults.</summary>
    /// <typeparam name="T">The options of the command.</typeparam>
    /// <param name="parsed">What was given.</param>
    /// <param name="options">The rest of the options.</param>
    public T Read<T>(ParseResult parsed, T options)
        where T : ClusterOptions => options with
        {
            Paths = parsed.GetValue(Paths) ?? [],
            IsRecursive = parsed.GetValue(Recursive),
            AreNotesBrief = !parsed.GetValue(Verbose),
            Kubeconfig = parsed.GetValue(Kubeconfig),
            Context = parsed.GetValue(Context),
            ConfigPath = parsed.GetValue(Config),
            NodeName = parsed.GetValue(Node),
            NodeAddresses = AddressesOf(parsed),
            Mode = parsed.GetValue(Mode),
        };

    /// <summary>The addresses that were given; null for none.</summary>
    public IReadOnlyList<IpAddress>? AddressesOf(ParseResult parsed) => parsed.GetResult(NodeAddresses) is null ? null : parsed.GetValue(NodeAddresses);

    /// <summary>The families that were asked for.</summary>
    public IReadOnlyList<IpFamily> FamiliesOf(ParseResult parsed) => parsed.GetRequiredValue(Family) switch
    {
        "ipv4" => [IpFamily.IPv4],
        "ipv6" => [IpFamily.IPv6],
        _ => [IpFamily.IPv4, IpFamily.IPv6],
    };

    private static IpAddress[] ParseAddresses(ArgumentResult result)
    {
        List<IpAddress> addresses = [];
        foreach (Token token in result.Tokens)
        {
            if (InterfaceAddress.TryParse(token.Value, out IpAddress address))
            {
                addresses.Add(address);
            }
            else
            {
                result.AddError($"--node-address: \"{token.Value}\" is not an address such as 192.0.2.10/24");
            }
        }

        return [.. addresses];
    }
}

/// <summary>The options that name a cluster and one of its nodes.</summary>
internal record ClusterOptions
{
    /// <summary>Manifests: files, directories, or <c>-</c>; empty for an API server.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Whether directories are read with all that is below them.</summary>
    public bool IsRecursive { get; init; }

    /// <summary>Whether notes and warnings about the objects are one line for each kind of object.</summary>
    public bool AreNotesBrief { get; init; }

    /// <summary>How to reach the API server; null to find out (<see cref="ClusterAccess"/>).</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>The context of the kubeconfig; null for its current one.</summary>
    public string? Context { get; init; }

    /// <summary>A KubeProxyConfiguration file, or null for the defaults.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>The node's name; null to find it.</summary>
    public string? NodeName { get; init; }

    /// <summary>Addresses on the node's interfaces; null to find them.</summary>
    public IReadOnlyList<IpAddress>? NodeAddresses { get; init; }

    /// <summary>Finds the node in the objects when none is named; null to leave it to the configuration and the only Node.</summary>
    public Func<ManifestObjects, string?>? ChooseNode { get; init; }

    /// <summary>Adds what the command needs of an API server besides Services, EndpointSlices, ServiceCIDRs and Nodes; null for nothing.</summary>
    public Action<ClusterNeeds>? AddNeeds { get; init; }

    /// <summary>Whether all Nodes are needed, also if one is named.</summary>
    public bool NeedsAllNodes { get; init; }

    /// <summary>What the input is called in reports; null for the names of its files.</summary>
    public string? Title { get; init; }

    /// <summary>The mode, or null for that of the configuration.</summary>
    public string? Mode { get; init; }

    /// <summary>The configuration of egress masquerade, which may be missing; null if that is off.</summary>
    public string? EgressPath { get; init; }
}
