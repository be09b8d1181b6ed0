using KubeProxySharp.Proxy.Commands.Explain;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.ExplainPage;

/// <summary>
/// The page <c>/explain</c> of the agent: the answer of <c>explain -o html</c> from the rules that the agent has written. Only the Services
/// that a packet can meet are rendered and followed, so that the cost does not grow with the cluster.
/// </summary>
/// <param name="configuration">The configuration, valid.</param>
/// <param name="nodeName">The name of the node.</param>
internal sealed class AgentExplanation(KubeProxyConfiguration configuration, string nodeName)
{
    /// <summary>What is said of packets of pods that leave the cluster, for which the agent has no rules.</summary>
    private const string LeavesCluster =
        "the destination is outside of the cluster: source NAT for pods is done by the CNI plugin or ip-masq-agent, whose rules this agent does not know";

    /// <summary>Reads the addresses on the interfaces of the node.</summary>
    public Func<IReadOnlyList<IpAddress>> ReadAddresses { get; init; } = InterfaceAddresses.Read;

    private string Mode => configuration.EffectiveMode;

    /// <summary>Writes the page.</summary>
    public ExplainPageAnswer Write(IReadOnlyList<FamilyRules> rules, ExplainRequest request)
    {
        string[] pods = KnownCluster.Suggested(rules);
        if (request.To.Length == 0)
        {
            return new(QuestionForm.Page("What becomes of a packet?", "", request, pods), IsAnswered: true);
        }

        try
        {
            using StringWriter page = new() { NewLine = "\n" };
            Explanation explanation = Explain(rules, request);
            HtmlWriter.Write(explanation, showsAll: false, page, QuestionForm.Html(request, pods) + DisagreementOf(explanation), QuestionForm.Style);
            return new(page.ToString(), IsAnswered: true);
        }
        catch (InputException e)
        {
            string message = e.Message.Replace("--from ", "from ", StringComparison.Ordinal).Replace("the input has", "this node has", StringComparison.Ordinal);
            return new(QuestionForm.Page("No answer", message, request, pods), IsAnswered: false);
        }
    }

    /// <summary>Follows the packet.</summary>
    /// <exception cref="InputException">The question names something that is not there.</exception>
    private Explanation Explain(IReadOnlyList<FamilyRules> rules, ExplainRequest request)
    {
        ExplainOptions options = new() { From = request.From, To = request.To, ToOption = "to" };
        if (PacketSource.Parse(request.From).Pod is not null)
        {
            throw new InputException($"from {request.From}: the agent knows no Pods; give the address of the Pod");
        }

        IReadOnlyList<IpAddress> addresses = ReadAddresses();
        ClusterView cluster = KnownCluster.ViewOf(rules, configuration, nodeName, addresses);
        NodeRoute route = new(isLive: true, addresses);
        PacketQuestion question = new QuestionReader(options, cluster, addresses, route).Read();
        if (!rules.Any(family => family.Family == question.Family))
        {
            throw new InputException($"to {request.To}: this agent writes no {question.Family} rules");
        }

        EndpointNames names = new(cluster, question.Family);
        FamilyRules met = cluster.Model[question.Family].Only(service => MayMeet(service, question));
        RuleDialect dialect = Mode == ProxyMode.Nftables ? RuleDialect.Nftables : RuleDialect.Iptables;
        WalkExplainer explainer = new(question, new NodeView(addresses), names, route);
        ExplainedWalk walk = ReasonFields.Correct(explainer.Explain(Mode, RenderedRules.Of(met, Mode), met, dialect), cluster);
        bool leavesCluster = PodEgress.IsLeftToOthers(question, cluster, names, [walk]);
        return new(leavesCluster ? question with { Assumptions = [.. question.Assumptions, LeavesCluster] } : question, nodeName, [walk]);
    }

    /// <summary>Whether a rule of a Service can match: it has the address, whatever the port, or the port as a node port.</summary>
    private static bool MayMeet(ServiceRules service, PacketQuestion question)
    {
        foreach (ServicePortRules port in service.Ports)
        {
            for (int index = 0; index < port.FrontendCount; index++)
            {
                Frontend frontend = port.FrontendAt(index);
                if (frontend.Kind == FrontendKind.NodePort ? frontend.Port == question.Port : frontend.Address == question.Destination)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static string DisagreementOf(Explanation explanation) => explanation.HasDisagreement
        ? QuestionForm.Warning("The rules and the model that they are made from disagree; this is a fault of the program, please report it: " + string.Join("; ", explanation.Walks.SelectMany(static walk => walk.Disagreements)))
        : "";
}
