using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The way of the answer back to the client.</summary>
internal static class ReplyDescription
{
    /// <summary>Tells it step by step.</summary>
    public static IReadOnlyList<string> Describe(PacketQuestion question, ExplainedPath way, NodeView node, EndpointNames names)
    {
        switch (way.Verdict)
        {
            case WalkVerdict.Drop:
                return ["the client gets no answer and runs into its time-out"];
            case WalkVerdict.Reject:
                string error = question.Family == IpFamily.IPv4 ? "ICMP" : "ICMPv6";
                return [$"the client gets the {error} error port unreachable: \"connection refused\" with TCP"];
        }

        if (!way.IsMasqueraded && way.Target is null)
        {
            return [$"{question.Dialled}, if anything listens there, answers {question.Source} as if there were no rules"];
        }

        EndpointAddress answering = way.Target ?? question.Dialled;
        string client = new EndpointAddress(question.Source, question.SourcePort).ToString();
        List<string> steps = [];
        if (way.IsMasqueraded)
        {
            string address = way.MasqueradeAddress?.ToString() ?? "this node's address";
            steps.Add(way.MasqueradeAddress == question.Source
                ? $"{answering} answers {address}, this node"
                : $"{answering} answers {address}, which it takes for the client: the answer comes back to this node whatever its route to {question.Source} is");
            steps.Add($"conntrack undoes the masquerading: the answer's destination becomes {client}");
        }
        else
        {
            bool isNear = node.IsLocal(answering.Address) || node.IsLocal(question.Source) || names.IsLocalEndpoint(answering.Address) || question.IsFromPodHere;
            steps.Add(isNear
                ? $"{answering} answers {client}, and the answer passes this node"
                : $"{answering} answers {client} by its own route; the connection works only if that leads through this node, where conntrack knows it");
        }

        if (way.Target is not null)
        {
            steps.Add($"conntrack undoes the rewriting of the destination: the answer's source becomes {question.Dialled}, and the client sees the address that it dialled");
        }

        return steps;
    }
}
