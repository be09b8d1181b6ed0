using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>The options of <c>plan</c>.</summary>
internal static class PlanCommandLine
{
    private const string Json = "json";

    private const string Examples =
        """
        Examples:
          # what the agent would change on this node if it synced now
          kube-proxy-sharp plan --config /var/lib/kube-proxy/config.conf

          # what a change of manifests does to the rules of node-a; no cluster, no root
          kube-proxy-sharp plan -f new.yaml --from all.yaml --node node-a

          # a support bundle of the node
          kube-proxy-sharp plan --bundle node-a.tar.gz

          # a saved node against the cluster's objects, as JSON
          kube-proxy-sharp plan -f all.yaml --node node-a --rules iptables-save.txt --conntrack flows.txt -o json

          # stop a roll-out in which more than a tenth of all destinations lose their endpoints
          kube-proxy-sharp plan -f new.yaml --from all.yaml --node node-a --max-removed 10%

        Exit codes: 0 nothing would change; 2 something would; 3 --max-removed forbids it; 1 no plan could be made.
        """;

    public static Command Create()
    {
        EgressFlags egress = new();
        ClusterFlags cluster = new();
        Option<string[]> from = new("--from")
        {
            Description = "Older manifests; their rules are compared instead of those of the node.",
            HelpName = "PATH",
            AllowMultipleArgumentsPerToken = true,
        };
        RuleFlags rules = new();
        BundleFlag bundle = new();
        Option<string?> conntrack = new("--conntrack") { Description = "Saved flows: of \"conntrack -L\", with or without -o extended.", HelpName = "FILE" };
        Option<double?> mostRemoved = new("--max-removed")
        {
            Description = "Refuse a plan in which more than this percentage of the destinations with endpoints lose them.",
            HelpName = "N%",
            CustomParser = ParsePercent,
        };
        Option<string> output = new Option<string>("--output", "-o") { Description = "Format of the plan.", DefaultValueFactory = _ => "text" }
            .AcceptOnlyFromAmong("text", Json);
        Command command = new("plan", "Shows what a sync would change on a node: Services, rules and live flows. Changes nothing.")
        {
            cluster.Paths, cluster.Recursive, from, cluster.Kubeconfig, cluster.Context, cluster.Config, cluster.Node, cluster.NodeAddresses, cluster.Mode, cluster.Family,
            rules.Rules, rules.Rules4, rules.Rules6, conntrack, mostRemoved, output, cluster.Verbose,
        };
        cluster.RefuseTwoClusters(command);
        rules.RefuseTwoInputs(command, cluster.Paths, from);
        command.Validators.Add(result =>
        {
            if (result.GetResult(from) is not null && rules.AreGiven(result))
            {
                result.AddError("give either --from or --rules, not both: each stands for the rules of the node");
            }
        });
        egress.AddTo(command);
        bundle.AddTo(command, cluster.Kubeconfig, cluster.Context);
        command.SetAction((parsed, cancellation) =>
        {
            PlanOptions options = egress.Read(parsed, cluster.Read(parsed, new PlanOptions
            {
                Families = cluster.FamiliesOf(parsed),
                FromPaths = parsed.GetValue(from) ?? [],
                RuleFiles = rules.Read(parsed),
                ConntrackPath = parsed.GetValue(conntrack),
                MostRemovedPercent = parsed.GetValue(mostRemoved),
                IsJson = parsed.GetValue(output) == Json,
            }));
            CommandStreams streams = CommandStreams.OfProcess();
            return bundle.RunAsync(parsed, options, static (saved, given) => given.With(saved), streams, filled =>
                new PlanCommand(streams, AgentHost.OfProcess(TimeProvider.System)).RunAsync(filled, cancellation));
        });
        HelpWithExamples.AddTo(command, Examples);
        return command;
    }

    private static double? ParsePercent(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        string number = text.EndsWith('%') ? text[..^1] : text;
        if (double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is >= 0 and <= 100)
        {
            return percent;
        }

        result.AddError($"--max-removed: \"{text}\" is not a number of percent from 0 to 100, such as 10%");
        return null;
    }
}

/// <summary>What <c>plan</c> was asked for.</summary>
internal sealed record PlanOptions : ClusterOptions
{
    /// <summary>The families to look at.</summary>
    public required IReadOnlyList<IpFamily> Families { get; init; }

    /// <summary>Older manifests, whose rules stand for those of the node; or empty.</summary>
    public IReadOnlyList<string> FromPaths { get; init; } = [];

    /// <summary>Saved rules of the node, instead of its own; or empty.</summary>
    public IReadOnlyList<RuleFile> RuleFiles { get; init; } = [];

    /// <summary>Saved flows: of <c>conntrack -L</c>; null for those of this node, if it is the one looked at.</summary>
    public string? ConntrackPath { get; init; }

    /// <summary>How many percent of the destinations that lead to endpoints may stop to do so, 0 to 100; null for any number.</summary>
    public double? MostRemovedPercent { get; init; }

    /// <summary>Whether to write JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>The options with what a support bundle has.</summary>
    /// <exception cref="InputException">It has no objects, or no rules.</exception>
    public PlanOptions With(UnpackedBundle bundle)
    {
        PlanOptions filled = bundle.FillWithObjects(this);
        return filled.IsLive ? filled with { RuleFiles = bundle.RequireRules(), ConntrackPath = ConntrackPath ?? bundle.PathOf(BundlePart.Flows) } : filled;
    }

    /// <summary>Whether this node itself is looked at, rather than what was saved of one.</summary>
    public bool IsLive => RuleFiles.Count == 0 && FromPaths.Count == 0;
}
