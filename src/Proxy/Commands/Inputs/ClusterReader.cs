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

        bool isFromServer = options.Paths.Count == 0;
        string? thisNode = isFromServer && isThisNode ? NodeName.Resolve(options.NodeName ?? configuration.HostnameOverride, host.HostName) : null;
        string? only = options.NeedsAllNodes ? null : thisNode ?? options.NodeName?.Trim().ToLowerInvariant();
        ObjectSource source = new(_files, host, streams.Errors);
        if (await source.ReadAsync(options, configuration, isFromServer ? only : null, "nothing is done with it", stop) is not { } objects)
        {
            return null;
        }

        ClusterInput cluster = new(objects, configuration, mode) { Egress = _files.ReadEgress(options.EgressPath) };
        string nodeName = cluster.FindNodeName(thisNode ?? options.NodeName ?? options.ChooseNode?.Invoke(objects) ?? (isFromServer ? source.NodeOfHost(objects, configuration) : null));
        if (cluster.DescribeMissingNode(nodeName) is { } missing)
        {
            streams.Errors.WriteLine(missing);
        }

        if (MissingSlices.Of(objects) is { } slices)
        {
            throw new InputException(slices);
        }

        if (!isFromServer && MissingSlices.OfServicesAlone(objects) is { } alone)
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
}
