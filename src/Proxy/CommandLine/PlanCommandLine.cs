using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using KubeProxySharp.Proxy.Agent;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Output;
using KubeProxySharp.Proxy.Plan;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.CommandLine;

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

          # a saved node against the cluster's objects, as JSON
          kube-proxy-sharp plan -f all.yaml --node node-a --rules iptables-save.txt --conntrack flows.txt -o json

          # stop a roll-out in which more than a tenth of all destinations lose their endpoints
          kube-proxy-sharp plan -f new.yaml --from all.yaml --node node-a --max-removed 10%

        Exit codes: 0 nothing would change; 2 something would; 3 --max-removed forbids it; 1 no plan could be made.
        """;

    public static Command Create()
    {
        Option<string[]> paths = new("--filename", "-f")
        {
            Description = "Manifests instead of an API server: files, directories, or - for standard input.",
            HelpName = "PATH",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<bool> recursive = new("--recursive", "-R") { Description = "Read directories with all that is below them." };
        Option<string[]> from = new("--from")
        {
            Description = "Older manifests: their rules stand for those of the node.",
            HelpName = "PATH",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string?> kubeconfig = new("--kubeconfig") { Description = "How to reach the API server. Default: that of the configuration, else the service account of the pod.", HelpName = "FILE" };
        Option<string?> config = new("--config") { Description = "A KubeProxyConfiguration file.", HelpName = "FILE" };
        Option<string?> node = new("--node") { Description = "The node. Default: hostnameOverride, else the host name or the only Node of the manifests.", HelpName = "NAME" };
        Option<IpAddress[]> addresses = new("--node-address")
        {
            Description = "An address on the node's interfaces; repeatable. Default: those of this node, or those of the Node when files are read.",
            HelpName = "ADDR[/PREFIX]",
            CustomParser = DryRunCommandLine.ParseAddresses,
        };
        Option<string?> mode = new Option<string?>("--mode") { Description = "Default: the mode of the configuration, else iptables." }
            .AcceptOnlyFromAmong(ProxyMode.Iptables, ProxyMode.Nftables);
        Option<string> family = new Option<string>("--family") { Description = "What to look at.", DefaultValueFactory = _ => "all" }
            .AcceptOnlyFromAmong("ipv4", "ipv6", "all");
        Option<string[]> rules = new("--rules")
        {
            Description = "Saved rules instead of this node's: of iptables-save, ip6tables-save or nft; repeatable.",
            HelpName = "FILE",
        };
        Option<string?> conntrack = new("--conntrack") { Description = "Saved flows: of \"conntrack -L\", with or without -o extended.", HelpName = "FILE" };
        Option<double?> mostRemoved = new("--max-removed")
        {
            Description = "Refuse a plan in which more than this part of the destinations that lead to endpoints stop to do so.",
            HelpName = "N%",
            CustomParser = ParsePercent,
        };
        Option<string> output = new Option<string>("--output", "-o") { Description = "Form of the plan.", DefaultValueFactory = _ => "text" }
            .AcceptOnlyFromAmong("text", Json);
        Command command = new("plan", "Tell what a sync would change on a node: Services, rules, live flows; nothing is changed.")
        {
            paths, recursive, from, kubeconfig, config, node, addresses, mode, family, rules, conntrack, mostRemoved, output,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(paths) is not null && result.GetResult(kubeconfig) is not null)
            {
                result.AddError("give either -f or --kubeconfig, not both");
            }

            if (result.GetResult(from) is not null && result.GetResult(rules) is not null)
            {
                result.AddError("give either --from or --rules, not both: each stands for the rules of the node");
            }
        });
        command.SetAction((parsed, cancellation) =>
        {
            PlanOptions options = new()
            {
                Paths = parsed.GetValue(paths) ?? [],
                IsRecursive = parsed.GetValue(recursive),
                FromPaths = parsed.GetValue(from) ?? [],
                Kubeconfig = parsed.GetValue(kubeconfig),
                ConfigPath = parsed.GetValue(config),
                NodeName = parsed.GetValue(node),
                NodeAddresses = parsed.GetResult(addresses) is null ? null : parsed.GetValue(addresses),
                Mode = parsed.GetValue(mode),
                Families = DryRunCommandLine.Families(parsed.GetRequiredValue(family)),
                RulePaths = parsed.GetValue(rules) ?? [],
                ConntrackPath = parsed.GetValue(conntrack),
                MostRemovedPercent = parsed.GetValue(mostRemoved),
                IsJson = parsed.GetValue(output) == Json,
            };
            return new PlanCommand(CommandStreams.OfProcess(), AgentHost.OfProcess(TimeProvider.System)).RunAsync(options, cancellation);
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
