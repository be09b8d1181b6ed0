using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Explain.Journey;
using KubeProxySharp.Proxy.Commands.Explain.Legs;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Routes;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Makes the packet from the command's options and the cluster's objects.</summary>
/// <param name="options">What was asked.</param>
/// <param name="cluster">The cluster; null without manifests.</param>
/// <param name="nodeAddresses">The addresses of the node.</param>
/// <param name="route">Tells the source that the node has towards a destination.</param>
/// <param name="network">The interfaces and routes of the node; null if they are not known.</param>
internal sealed class QuestionReader(ExplainOptions options, ClusterView? cluster, IReadOnlyCollection<IpAddress> nodeAddresses, NodeRoute route, NodeNetwork? network = null)
{
    private readonly PacketSource _source = PacketSource.Parse(options.From);
    private readonly PacketDestination _destination = PacketDestination.Parse(options.To, options.ToOption);
    private readonly NodeView _node = new(nodeAddresses);
    private readonly List<string> _assumptions = [];

    /// <summary>The node of the Pod that is the source; null if that is not known.</summary>
    public static string? NodeOfSource(ExplainOptions options, ManifestObjects objects) =>
        PacketSource.Parse(options.From).Pod is { } name && objects.Pods.TryGetValue(name, out Pod? pod) && objects.Nodes.ContainsKey(pod.NodeName) ? pod.NodeName : null;

    /// <summary>
    /// Adds what a question needs of an API server: the Pod that is the source, by its name or its address; with later legs the
    /// Pods that they start from.
    /// </summary>
    public static void AddNeeds(ExplainOptions options, ClusterNeeds needs)
    {
        PacketSource source = PacketSource.Parse(options.From);
        if (source.Pod is { } pod)
        {
            needs.AddPod(pod.Namespace, pod.Name);
        }
        else if (source.Address is { } address)
        {
            needs.AddPodsAt(address.ToString());
        }

        if (options.Then.Count != 0)
        {
            needs.FindPodNamespaces = objects => LegNeeds.NamespacesOfPods(options, objects);
        }
    }

    /// <summary>Makes the packet.</summary>
    /// <exception cref="InputException">Something named is not there, or the families differ.</exception>
    public PacketQuestion Read()
    {
        (IpAddress destination, ushort port, TransportProtocol protocol) = ReadDestination();
        if (AddressTyping.IsForMany(destination))
        {
            throw new InputException($"{options.ToOption} {options.To}: {destination} is for many hosts, and rules do not show which of them are on the node's networks; give the address of one");
        }

        PacketQuestion question = ReadSource(new()
        {
            Source = destination,
            Destination = destination,
            Port = port,
            Protocol = protocol,
            SourcePort = options.SourcePort ?? ExplainOptions.UsualSourcePort,
            IsSourcePortOpen = options.SourcePort is null,
            Mark = options.Mark,
            OutputInterface = options.OutputInterface,
        });
        if (question.Source.Family != destination.Family)
        {
            throw new InputException($"--from {options.From} is {question.Source}, and {options.ToOption} {options.To} is {destination}: a packet has addresses of one family");
        }

        if (nodeAddresses.Count == 0)
        {
            _assumptions.Add("the addresses of the node are not known (--node-address): whether a packet is for a node port or is delivered on this node cannot be judged; only loopback is taken for its own");
        }

        return question with { Assumptions = _assumptions };
    }

    private (IpAddress Address, ushort Port, TransportProtocol Protocol) ReadDestination()
    {
        if (_destination.Address is { } address)
        {
            return (address, PacketDestination.ParsePort(_destination.Port)!.Value, _destination.Protocol ?? TransportProtocol.Tcp); // checked when it was read
        }

        NamespacedName name = _destination.Service!.Value; // either an address or a Service
        if (cluster is null)
        {
            throw new InputException($"{options.ToOption} {options.To}: a Service can be named only with manifests (-f) or an API server (--kubeconfig); give ADDRESS:PORT");
        }

        IpFamily? wanted = _source.Address?.Family;
        ServiceRules? service = (wanted is null or IpFamily.IPv4 ? cluster.Model.IPv4.Services.GetValueOrDefault(name) : null)
            ?? (wanted is null or IpFamily.IPv6 ? cluster.Model.IPv6.Services.GetValueOrDefault(name) : null);
        if (service is null)
        {
            throw new InputException($"{options.ToOption} {options.To}: the input has no Service {name} with a cluster IP{(wanted is null ? "" : $" of family {wanted}")}{WithoutClusterIP(name)}");
        }

        ushort? number = PacketDestination.ParsePort(_destination.Port);
        foreach (ServicePortRules port in service.Ports)
        {
            bool isPort = _destination.Port.Length == 0 || port.Spec.Port == number || string.Equals(port.Name.Port, _destination.Port, StringComparison.Ordinal);
            if (isPort && (_destination.Protocol is null || port.Name.Protocol == _destination.Protocol))
            {
                return (port.Spec.ClusterIP, port.Spec.Port, port.Name.Protocol);
            }
        }

        IEnumerable<string> ports = service.Ports.AsSpan().ToArray().Select(port => $"{(port.Name.Port.Length == 0 ? "" : port.Name.Port + " ")}{port.Spec.Port}/{port.Name.Protocol.ToUpperText().ToLowerInvariant()}");
        throw new InputException($"{options.ToOption} {options.To}: Service {name} has the ports {string.Join(", ", ports)}");
    }

    /// <summary>What a Service of the input has in place of the cluster IP that was asked for; empty if there is no such Service.</summary>
    private string WithoutClusterIP(NamespacedName name) => cluster?.Objects.Services.GetValueOrDefault(name) switch
    {
        null => "",
        { Type: "ExternalName" } => ": it is of type ExternalName, an alias in DNS for which no rules are made",
        { ClusterIP: "None" } => ": it is headless (spec.clusterIP is None), its name stands for the addresses of its endpoints, and no rules are made; give ADDRESS:PORT of an endpoint",
        { ClusterIPs: { Length: > 0 } others } => $": it has {string.Join(", ", others)}",
        _ => "",
    };

    private PacketQuestion ReadSource(PacketQuestion question) => _source.Kind switch
    {
        PacketSourceKind.Node => FromNode(question),
        PacketSourceKind.Outside => FromOutside(question),
        PacketSourceKind.Pod => FromPod(question, FindPod(_source.Pod!.Value)), // a Pod has a name
        _ => FromAddress(question, _source.Address!.Value), // an address was given
    };

    private PacketQuestion FromNode(PacketQuestion question)
    {
        IpAddress? source = _node.IsLocal(question.Destination) ? question.Destination : route.SourceTo(question.Destination);
        return source is null
            ? throw new InputException("--from node: the node's address is not known; give --node-address, or an address with --from")
            : question with { Source = source.Value, SourceDescription = "this node" };
    }

    private PacketQuestion FromOutside(PacketQuestion question)
    {
        IpAddress source = IpAddress.Parse(question.Destination.IsIPv4 ? "203.0.113.9" : "2001:db8:ffff::9");
        _assumptions.Add($"outside stands for {source}; give another address where it matters, as for source ranges");
        return question with { Source = source, SourceDescription = "a client outside", Interface = InterfaceOf(question with { Source = source }, isPod: false) };
    }

    private Pod FindPod(NamespacedName name)
    {
        if (cluster is null)
        {
            throw new InputException($"--from {options.From}: a Pod can be named only with manifests (-f) or an API server (--kubeconfig); give its address");
        }

        return cluster.Objects.Pods.GetValueOrDefault(name)
            ?? throw new InputException($"--from {options.From}: the input has no Pod {name}; list Pods too, as in kubectl get pods,svc,endpointslices,nodes -A -o yaml");
    }

    private PacketQuestion FromPod(PacketQuestion question, Pod pod)
    {
        foreach (string text in pod.Addresses)
        {
            if (IpAddress.TryParse(text, out IpAddress address) && address.Family == question.Family)
            {
                return Place(question with { Source = address }, pod);
            }
        }

        throw new InputException($"--from {options.From}: Pod {pod.Name} has no {question.Family} address in its status");

        PacketQuestion Place(PacketQuestion placed, Pod source)
        {
            string node = cluster?.NodeName ?? "";
            bool isHere = source.NodeName.Length == 0 || node.Length == 0 || source.NodeName == node;
            if (!isHere)
            {
                _assumptions.Add($"pod {source.Name} runs on node {source.NodeName}; its packets meet the rules of that node first (--node {source.NodeName}), and those of {node} only if they are sent there");
            }

            string description = $"pod {source.Name}";
            return source.IsHostNetwork && isHere
                ? placed with { SourceDescription = description + " in the node's own network" }
                : placed with { SourceDescription = description, IsFromPodHere = isHere, Interface = InterfaceOf(placed, isHere) };
        }
    }

    private PacketQuestion FromAddress(PacketQuestion question, IpAddress address)
    {
        PacketQuestion placed = question with { Source = address };
        if (_node.IsLocal(address))
        {
            return placed with { SourceDescription = "this node" };
        }

        if (options.Interface is not null)
        {
            return placed with { Interface = options.Interface };
        }

        if (cluster is null)
        {
            return placed with { Interface = InterfaceOf(placed, isPod: false) };
        }

        EndpointNames names = new(cluster, question.Family);
        if (names.PodAt(address) is { } pod)
        {
            return FromPod(placed, pod);
        }

        bool isLocalEndpoint = names.IsLocalEndpoint(address);
        string description = isLocalEndpoint ? "an endpoint on this node" : "";
        return placed with { SourceDescription = description, IsFromPodHere = isLocalEndpoint, Interface = InterfaceOf(placed, isLocalEndpoint) };
    }

    private string InterfaceOf(PacketQuestion packet, bool isPod)
    {
        if (options.Interface is not null || network is null || !network.HasRoutes(packet.Family))
        {
            return options.Interface ?? (isPod ? PodInterface(packet.Family) : OutsideInterface(packet.Family));
        }

        string name = InputInterface.Find(network, packet.Source, packet.Destination, isPod, out string assumption);
        if (assumption.Length != 0)
        {
            _assumptions.Add(assumption);
        }

        return name;
    }

    /// <summary>The interface of pods: one that the configuration recognises, if it goes by that.</summary>
    private string PodInterface(IpFamily family)
    {
        if (cluster is null)
        {
            return WalkPacket.UnknownInterface;
        }

        LocalTrafficDetector detector = cluster.Model[family].Settings.LocalTraffic;
        return detector.Kind switch
        {
            LocalTrafficKind.Interface => detector.Interface,
            LocalTrafficKind.InterfacePrefix => detector.Interface + "0",
            _ => "pod0",
        };
    }

    private string OutsideInterface(IpFamily family)
    {
        if (cluster is null)
        {
            return WalkPacket.UnknownInterface;
        }

        LocalTrafficDetector detector = cluster.Model[family].Settings.LocalTraffic;
        bool isTaken = detector.Kind is LocalTrafficKind.Interface or LocalTrafficKind.InterfacePrefix && "eth0".StartsWith(detector.Interface, StringComparison.Ordinal);
        return isTaken ? "uplink0" : "eth0";
    }
}
