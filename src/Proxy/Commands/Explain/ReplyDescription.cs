using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The path of the reply to the client.</summary>
internal static class ReplyDescription
{
    /// <summary>Describes it step by step.</summary>
    public static IReadOnlyList<string> Describe(PacketQuestion question, ExplainedPath path, NodeView node, EndpointNames names)
    {
        switch (path.Verdict)
        {
            case WalkVerdict.Drop:
                return ["the client gets no answer and runs into its time-out"];
            case WalkVerdict.Reject:
                string error = question.Family == IpFamily.IPv4 ? "ICMP" : "ICMPv6";
                return [$"the client gets the {error} error port unreachable: \"connection refused\" with TCP"];
        }

        if (!path.IsMasqueraded && path.Target is null)
        {
            return [$"{question.Dialled}, if anything listens there, answers {question.Source} as if there were no rules"];
        }

        EndpointAddress answering = path.Target ?? question.Dialled;
        string client = new EndpointAddress(question.Source, question.SourcePort).ToString();
        List<string> steps = [];
        if (path.IsMasqueraded)
        {
            string address = path.MasqueradeAddress?.ToString() ?? "this node's address";
            steps.Add(path.MasqueradeAddress == question.Source
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

        if (path.Target is not null)
        {
            steps.Add($"conntrack undoes the rewriting of the destination: the answer's source becomes {question.Dialled}, and the client sees the address that it dialled");
        }

        return steps;
    }
}
