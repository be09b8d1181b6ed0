using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Routes;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain.Journey;

/// <summary>
/// Follows a packet over the nodes, behind what the rules of the first node do: by which interface it leaves, through which tunnel,
/// what the second node does with it, and by which way the answer comes back. Only with the routes of the first node.
/// </summary>
/// <param name="nodes">Interfaces and routes.</param>
/// <param name="names">The nodes of pods.</param>
/// <param name="others">The rules of other nodes.</param>
internal sealed class JourneyFinder(ClusterNetworks nodes, EndpointNames names, OtherNodes others)
{
    /// <summary>The steps, in order; none if the routes are not known, or the packet ends in the rules.</summary>
    public IReadOnlyList<JourneyStep> Find(PacketQuestion question, ExplainedPath path)
    {
        if (path.Verdict != WalkVerdict.Accept || nodes.Here is not { } here || !here.HasRoutes(question.Family))
        {
            return [];
        }

        List<JourneyStep> steps = [];
        string node = ClusterNetworks.Called(nodes.NodeName);
        if (question.Interface is { } input && input != WalkPacket.UnknownInterface)
        {
            steps.Add(new(JourneyStepKind.Arrives, nodes.NodeName, $"{question.Source} reaches {node} by {input}") { Interface = input });
        }

        EndpointAddress target = path.Target ?? question.Dialled;
        ReplyFinder replies = new(nodes, question, path, target.Address, steps);
        if (path.IsToThisNode || nodes.AddressesOf(nodes.NodeName).Contains(target.Address) || target.Address.IsLoopback)
        {
            steps.Add(new(JourneyStepKind.Delivered, nodes.NodeName, $"{node} itself gets it: {path.TargetText}{(path.Target is null ? question.Dialled.ToString() : "")}"));
            replies.AddFromHere(null);
            return steps;
        }

        RouteDecision route = here.Find(QueryOf(question, target, path.TargetPorts is not null));
        if (route.Kind != RouteDecisionKind.Sent)
        {
            steps.Add(Ended(route, nodes.NodeName, target.Address));
            return steps;
        }

        steps.Add(Leaves(JourneyStepKind.Leaves, route, nodes.NodeName, target.Address, "sends it to", out string second));
        string pod = names.PodAt(target.Address)?.NodeName ?? "";
        pod = pod.Length != 0 ? pod : names.NodeOf(target.Address) is { Length: > 0 } ofEndpoint ? ofEndpoint : nodes.NodeWith(target.Address) ?? second;
        if (pod.Length == 0 || (pod == nodes.NodeName && route.Gateway is null))
        {
            if (pod.Length != 0)
            {
                steps.Add(new(JourneyStepKind.Delivered, pod, $"{target} gets it on {node}"));
            }

            replies.AddFromHere(pod.Length == 0 && !path.IsMasqueraded && route.Gateway is not null ? null : route.Interface);
            return steps;
        }

        if (pod == nodes.NodeName)
        {
            steps.Add(new(JourneyStepKind.Fault, pod, $"{target.Address} is on {node}, but its route there leads away by {route.Interface ?? "several interfaces"} ({route.Route})"));
            return steps;
        }

        if (AddSecondNode(question, path, target, pod, route, steps))
        {
            replies.AddFromSecond(pod, route);
        }

        return steps;
    }

    /// <summary>A packet after DNAT, as it is routed; what mark it has then is not kept.</summary>
    internal static RouteQuery QueryOf(PacketQuestion question, EndpointAddress target, bool isPortPicked) => new(target.Address, question.Source, question.Interface)
    {
        IsInputOpen = question.Interface == WalkPacket.UnknownInterface,
        Protocol = question.Protocol,
        SourcePort = question.IsSourcePortOpen ? null : question.SourcePort,
        DestinationPort = isPortPicked ? null : target.Port,
    };

    /// <summary>The step in which a packet leaves a node.</summary>
    internal JourneyStep Leaves(JourneyStepKind kind, RouteDecision route, string node, IpAddress destination, string what, out string next)
    {
        next = (route.Gateway is { } gateway ? nodes.NodeWith(gateway) : nodes.NodeWith(destination)) ?? "";
        string by = route.Interface is { } name ? $"by {name}" : "by one of several interfaces";
        string via = route.Gateway is { } hop ? $" via {hop}" : route.Route is { Hops.Count: > 1 } ? " via one of several gateways" : "";
        JourneyStep step = new(kind, node, "") { Interface = route.Interface, Gateway = route.Gateway };
        string tunnel = route.Interface is { } of ? nodes.Of(node)?.InterfaceOf(of)?.Tunnel ?? "" : "";
        if (tunnel.Length == 0)
        {
            return step with { Text = $"{ClusterNetworks.Called(node)} {what} {destination} {by}{via}" };
        }

        string peer = next.Length != 0 ? next : names.PodAt(destination)?.NodeName is { Length: > 0 } ofPod ? ofPod : names.NodeOf(destination);
        IpAddress? from = nodes.TunnelAddressOf(node, tunnel, destination.Family);
        IpAddress? to = peer.Length == 0 || peer == node ? null : nodes.TunnelAddressOf(peer, tunnel, destination.Family);
        string outer = from is not null && to is not null ? $", outer addresses {from} -> {to}" : "";
        return step with
        {
            Tunnel = tunnel,
            OuterSource = to is null ? null : from,
            OuterDestination = from is null ? null : to,
            Text = $"{ClusterNetworks.Called(node)} {what} {destination} {by}{via}, {(peer.Length == 0 ? "" : $"to {peer} ")}through {tunnel}{outer}",
        };
    }

    /// <summary>What the second node does; false if the packet does not arrive, or that is not known.</summary>
    private bool AddSecondNode(PacketQuestion question, ExplainedPath path, EndpointAddress target, string node, RouteDecision sent, List<JourneyStep> steps)
    {
        NodeNetwork? network = nodes.Of(node);
        IpAddress? source = path.IsMasqueraded ? path.MasqueradeAddress : question.Source;
        string tunnel = sent.Interface is { } by ? nodes.Here?.InterfaceOf(by)?.Tunnel ?? "" : "";
        NodeInterface[] ends = [.. (network?.Interfaces ?? []).Where(each => tunnel.Length != 0 && each.Tunnel == tunnel)];
        string? input = ends.Length == 1 ? ends[0].Name : null;
        string seen = source is null ? "an address of " + ClusterNetworks.Called(nodes.NodeName) : source.Value.ToString();
        steps.Add(new(JourneyStepKind.Arrives, node, $"{node} receives it from {seen}{(input is null ? "" : $" by {input}")}") { Interface = input });
        if (others.WalkerOf(node, question.Family) is not { } walker || source is null)
        {
            steps.Add(new(JourneyStepKind.Unknown, node, source is null ? $"what the rules of {node} do with it, since its source is not known" : $"what the rules of {node} do with it: they are made from manifests (-f) and the addresses of a Node or of --routes {node}=FILE"));
        }
        else
        {
            WalkPacket packet = new(AddressRange.Of(source.Value), target.Address, question.Protocol, target.Port) { InputInterface = input ?? WalkPacket.UnknownInterface, IsSourcePortOpen = true };
            IReadOnlyList<WalkOutcome> outcomes = walker.Walk(packet);
            WalkOutcome? stopped = outcomes.FirstOrDefault(static outcome => outcome.Verdict != WalkVerdict.Accept);
            if (stopped is not null)
            {
                WalkTraceEntry? last = stopped.Trace.Count == 0 ? null : stopped.Trace[^1];
                string what = stopped.Verdict == WalkVerdict.Drop ? "drops" : "refuses";
                bool isSure = outcomes.All(static outcome => outcome.Verdict != WalkVerdict.Accept);
                steps.Add(new(isSure ? JourneyStepKind.Stopped : JourneyStepKind.Unknown, node, $"{node} {(isSure ? what : $"may be the one that {what}")} it{(last is null ? "" : $": {last.Table} {last.Chain} {(last.IsPolicy ? "policy" : $"rule {last.Position}")}")}"));
                return false;
            }
        }

        if (network is null)
        {
            steps.Add(new(JourneyStepKind.Unknown, node, $"the way back from {node}: give its routes (--routes {node}=FILE)") { IsOfAnswer = true });
            return path.IsMasqueraded;
        }

        RouteDecision delivery = network.Find(new(target.Address, source, input) { IsInputOpen = input is null, Protocol = question.Protocol, DestinationPort = target.Port });
        if (delivery.Kind == RouteDecisionKind.Local || delivery is { Interface: not null, Gateway: null })
        {
            steps.Add(new(JourneyStepKind.Delivered, node, $"{target} gets it{(delivery.Interface is { } last ? $" by {last}" : $": {node} itself")}, from {seen}") { Interface = delivery.Interface });
            return true;
        }

        steps.Add(delivery.Kind == RouteDecisionKind.Sent
            ? new(JourneyStepKind.Fault, node, $"{target.Address} is on {node}, but its route there leads away by {delivery.Interface ?? "several interfaces"} ({delivery.Route})")
            : Ended(delivery, node, target.Address));
        return false;
    }

    /// <summary>A packet that is not sent on, or of which that is not known.</summary>
    internal static JourneyStep Ended(RouteDecision route, string node, IpAddress destination)
    {
        string name = ClusterNetworks.Called(node);
        return route.Kind switch
        {
            RouteDecisionKind.Open => new(JourneyStepKind.Unknown, node, $"by which interface {name} sends to {destination}: it depends on {route.Open}"),
            RouteDecisionKind.NoRoute => new(JourneyStepKind.Fault, node, $"{name} has no route to {destination}: the sender gets \"Network is unreachable\""),
            _ => new(JourneyStepKind.Fault, node, $"{name} does not send to {destination}: its route is \"{route.Route}\""),
        };
    }
}
