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
                Refusal refusal = Refusal.Of(path.RejectWith, question.Family);
                string error = question.Family == IpFamily.IPv4 ? "ICMP" : "ICMPv6";
                return refusal.IsUsual ? [$"the client gets the {error} error port unreachable: \"connection refused\" with TCP"]
                    : refusal.IsReset ? ["the client gets a TCP reset: \"connection refused\""]
                    : [$"the client gets the {error} error {refusal.Name}: \"{refusal.Report}\""];
        }

        if (!path.IsMasqueraded && path.Target is null)
        {
            return [$"{question.Dialled}, if anything listens there, answers {question.Source} as if there were no rules"];
        }

        string answering = path.IsToThisNode ? path.TargetText : path.TargetPorts is not null ? path.TargetText : (path.Target ?? question.Dialled).ToString();
        string client = new EndpointAddress(question.Source, question.SourcePort).ToString();
        List<string> steps = [];
        if (path.IsMasqueraded)
        {
            string address = path.MasqueradeAddress?.ToString() ?? (path.MasqueradeDoubt.StartsWith("one of ", StringComparison.Ordinal) ? path.MasqueradeDoubt : "this node's address");
            steps.Add(path.MasqueradeAddress == question.Source
                ? $"{answering} answers {address}, this node"
                : $"{answering} answers {address}, which it takes for the client: the answer comes back to this node whatever its route to {question.Source} is");
            steps.Add($"conntrack undoes the masquerading: the answer's destination becomes {client}");
        }
        else
        {
            bool isNear = path.IsToThisNode || node.IsLocal((path.Target ?? question.Dialled).Address) || node.IsLocal(question.Source) || names.IsLocalEndpoint((path.Target ?? question.Dialled).Address) || question.IsFromPodHere;
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
