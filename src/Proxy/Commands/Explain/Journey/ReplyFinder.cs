using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Routes;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain.Journey;

/// <summary>The way of the answer, by the routes of the nodes. Rules are not walked: the connection is known to conntrack.</summary>
/// <param name="nodes">Interfaces and routes.</param>
/// <param name="question">The packet that is answered.</param>
/// <param name="path">Its path on the first node.</param>
/// <param name="pod">Who answers.</param>
/// <param name="steps">Receives the steps.</param>
internal sealed class ReplyFinder(ClusterNetworks nodes, PacketQuestion question, ExplainedPath path, IpAddress pod, List<JourneyStep> steps)
{
    private readonly string _node = ClusterNetworks.Called(nodes.NodeName);

    /// <summary>Whether conntrack of the first node has to see the answer.</summary>
    private bool IsRewritten => path.IsMasqueraded || path.Target is not null;

    /// <summary>From the first node to the client.</summary>
    /// <param name="input">The interface that the answer comes in to the first node by; null if the node answers itself.</param>
    public void AddFromHere(string? input)
    {
        if (nodes.Here is not { } here || question.IsFromNode || nodes.AddressesOf(nodes.NodeName).Contains(question.Source))
        {
            return;
        }

        RouteDecision route = here.Find(AnswerTo(question.Source, pod, input));
        if (route.Kind != RouteDecisionKind.Sent)
        {
            Add(JourneyFinder.Ended(route, nodes.NodeName, question.Source));
            return;
        }

        string by = route.Interface is { } name ? $"by {name}" : "by one of several interfaces";
        Add(new(JourneyStepKind.Reply, nodes.NodeName, $"{_node} sends the answer to {question.Source} {by}{(route.Gateway is { } hop ? $" via {hop}" : "")}") { Interface = route.Interface, Gateway = route.Gateway });
        if (route.Interface is { } leaves && question.Interface is { } came && came != WalkPacket.UnknownInterface && came != leaves)
        {
            string remedy = $"give {_node} a route to {question.Source} by {came}, or a policy rule for answers to what came in by it";
            Add(new(JourneyStepKind.Fault, nodes.NodeName,
                $"the answer leaves {_node} by {leaves} ({route.Route}), but the request came in by {came}: with rp_filter=1 {_node} drops the request already, and firewalls or load balancers on the way see only half of the connection; {remedy}")
            {
                Interface = leaves,
            });
        }
    }

    /// <summary>From the node of the pod, if it is not the first one.</summary>
    /// <param name="second">The node.</param>
    /// <param name="request">The route by which the first node sent the request.</param>
    public void AddFromSecond(string second, RouteDecision request)
    {
        IpAddress? client = path.IsMasqueraded ? path.MasqueradeAddress : question.Source;
        if (client is null)
        {
            return;
        }

        if (nodes.Of(second) is not { } network)
        {
            AddFromHere(request.Interface);
            return;
        }

        string? podInterface = network.Find(new(pod, null, null)) is { Kind: RouteDecisionKind.Sent } near ? near.Interface : null;
        RouteDecision route = network.Find(AnswerTo(client.Value, pod, podInterface));
        if (route.Kind != RouteDecisionKind.Sent)
        {
            Add(JourneyFinder.Ended(route, second, client.Value));
            return;
        }

        NodeInterface? link = route.Interface is { } name ? network.InterfaceOf(name) : null;
        string tunnel = link?.Tunnel ?? "";
        Add(new(JourneyStepKind.Reply, second, $"{second} sends the answer to {client} {(route.Interface is null ? "by one of several interfaces" : $"by {route.Interface}")}{(route.Gateway is { } hop ? $" via {hop}" : "")}{(tunnel.Length == 0 ? "" : $", through {tunnel}")}")
        {
            Interface = route.Interface,
            Gateway = route.Gateway,
            Tunnel = tunnel,
        });
        bool isOfFirst = path.IsMasqueraded || question.IsFromPodHere || nodes.NodeWith(client.Value) == nodes.NodeName;
        bool reaches = isOfFirst || (route.Gateway is { } gateway && nodes.NodeWith(gateway) == nodes.NodeName);
        if (!reaches)
        {
            if (IsRewritten)
            {
                Add(new(JourneyStepKind.Fault, second, $"the answer to {client} leaves {second} by {route.Interface ?? "several interfaces"} ({route.Route}) and does not come back through {_node}, whose conntrack would have to undo the rewriting: the client gets an answer from {pod}, which it did not dial"));
            }

            return;
        }

        string tunnelOfRequest = request.Interface is { } sent ? nodes.Here?.InterfaceOf(sent)?.Tunnel ?? "" : "";
        if (link is not null && tunnelOfRequest != tunnel)
        {
            Add(new(JourneyStepKind.Fault, second, $"the request reached {second} {Through(tunnelOfRequest)}, but the answer leaves it {Through(tunnel)} ({route.Route}): with rp_filter=1 one of the nodes drops what comes in by another interface than its own route there leads to"));
        }

        AddFromHere(request.Interface);
    }

    private void Add(JourneyStep step) => steps.Add(step with { IsOfAnswer = true });

    private static string Through(string tunnel) => tunnel.Length == 0 ? "outside of a tunnel" : $"through {tunnel}";

    /// <summary>What mark rules give to answers is not followed.</summary>
    private RouteQuery AnswerTo(IpAddress destination, IpAddress source, string? input) => new(destination, source, input)
    {
        Protocol = question.Protocol,
        SourcePort = path.TargetPorts is null ? (path.Target?.Port ?? question.Port) : null,
        DestinationPort = question.IsSourcePortOpen || path.IsSourcePortPicked ? null : question.SourcePort,
    };
}
