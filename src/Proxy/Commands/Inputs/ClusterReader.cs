using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Reads the cluster that a command works on, from manifests or from an API server, and reports errors.</summary>
/// <param name="streams">Where manifests come from and messages go.</param>
/// <param name="host">The host.</param>
internal sealed class ClusterReader(CommandStreams streams, AgentHost host)
{
    private readonly InputFiles _files = new(streams.OpenInput, streams.Errors);

    /// <summary>Reads.</summary>
    /// <param name="options">The options of the command.</param>
    /// <param name="isThisNode">Whether the node is the one that the program runs on, so that its addresses can be looked up.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>The view; null when the manifests have errors, which have been reported.</returns>
    /// <exception cref="InputException">Something is missing or ambiguous.</exception>
    public async Task<ClusterView?> ReadAsync(ClusterOptions options, bool isThisNode, CancellationToken stop)
    {
        KubeProxyConfiguration configuration = _files.ReadConfiguration(options.ConfigPath, isStrict: false);
        string mode = options.Mode ?? configuration.EffectiveMode;
        if (mode is not (ProxyMode.Iptables or ProxyMode.Nftables))
        {
            throw new InputException($"there are no rules of mode {mode}; give --mode iptables or --mode nftables");
        }

        if (await ReadObjectsAsync(options, configuration, stop) is not { } objects)
        {
            return null;
        }

        ClusterInput cluster = new(objects, configuration, mode) { Egress = _files.ReadEgress(options.EgressPath) };
        string nodeName = cluster.FindNodeName(NodeNameOf(options, configuration) ?? options.ChooseNode?.Invoke(objects));
        if (cluster.DescribeMissingNode(nodeName) is { } missing)
        {
            streams.Errors.WriteLine(missing);
        }

        if (MissingSlices.Of(objects) is { } slices)
        {
            throw new InputException(slices);
        }

        if (MissingSlices.OfServicesAlone(objects) is { } alone)
        {
            streams.Errors.WriteLine($"note: {alone}");
        }
        IReadOnlyList<IpAddress>? addresses = options.NodeAddresses ?? (isThisNode ? InterfaceAddresses.Read() : null);
        ClusterView view = new()
        {
            Objects = objects,
            Configuration = configuration,
            Mode = mode,
            NodeName = nodeName,
            NodeAddresses = addresses ?? cluster.AddressesOf(nodeName),
            Model = cluster.Build(nodeName, addresses, new List<Problem>()),
            Egress = cluster.Egress,
        };
        foreach (string problem in view.EgressProblems())
        {
            streams.Errors.WriteLine($"warning: {problem}");
        }

        return view;
    }

    private async Task<ManifestObjects?> ReadObjectsAsync(ClusterOptions options, KubeProxyConfiguration configuration, CancellationToken stop)
    {
        if (options.Paths.Count == 0)
        {
            string kubeconfig = options.Kubeconfig ?? configuration.ClientConnection.Kubeconfig;
            return await new ClusterListing(host.Time).ReadAsync(kubeconfig, NodeNameOf(options, configuration)!, stop); // never null without manifests
        }

        return _files.ReadManifests(options.Paths, options.IsRecursive, "nothing is done with it");
    }

    /// <summary>With an API server the node is this one unless another is named; with manifests it is theirs.</summary>
    private string? NodeNameOf(ClusterOptions options, KubeProxyConfiguration configuration) => options.Paths.Count != 0
        ? options.NodeName
        : NodeName.Resolve(options.NodeName ?? configuration.HostnameOverride, host.HostName);
}
