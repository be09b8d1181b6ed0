using System.CommandLine;
using KubeProxySharp.Proxy.Agent;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Output;
using KubeProxySharp.Proxy.Verify;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.CommandLine;

/// <summary>The options of <c>verify</c>.</summary>
internal static class VerifyCommandLine
{
    private const string Json = "json";

    private const string Examples =
        """
        Examples:
          # this node, against the cluster
          kube-proxy-sharp verify --config /var/lib/kube-proxy/config.conf

          # this node, against manifests
          kube-proxy-sharp verify -f all.yaml --node node-a --mode nftables

          # a support bundle, on any machine and without root
          kubectl get svc,endpointslices,nodes,servicecidrs -A -o yaml > all.yaml
          ssh node-a 'conntrack -L -o extended' > flows.txt
          ssh node-a iptables-save > rules.txt
          kube-proxy-sharp verify -f all.yaml --node node-a --conntrack flows.txt --rules rules.txt -o json

        Exit codes: 0 nothing to find fault with; 2 findings; 1 it could not be verified.
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
            Description = "Saved rules instead of this node's: of iptables-save, ip6tables-save or \"nft list ruleset\", as text or with -j; repeatable.",
            HelpName = "FILE",
        };
        Option<string?> conntrack = new("--conntrack") { Description = "Saved flows instead of this node's: of \"conntrack -L\", with or without -o extended.", HelpName = "FILE" };
        Option<string> output = new Option<string>("--output", "-o") { Description = "Form of the report.", DefaultValueFactory = _ => "text" }
            .AcceptOnlyFromAmong("text", Json);
        Command command = new("verify", "Compare flows and rules of a node with what the cluster asks for; nothing is changed.")
        {
            paths, recursive, kubeconfig, config, node, addresses, mode, family, rules, conntrack, output,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(paths) is not null && result.GetResult(kubeconfig) is not null)
            {
                result.AddError("give either -f or --kubeconfig, not both");
            }
        });
        command.SetAction((parsed, cancellation) =>
        {
            VerifyOptions options = new()
            {
                Paths = parsed.GetValue(paths) ?? [],
                IsRecursive = parsed.GetValue(recursive),
                Kubeconfig = parsed.GetValue(kubeconfig),
                ConfigPath = parsed.GetValue(config),
                NodeName = parsed.GetValue(node),
                NodeAddresses = parsed.GetResult(addresses) is null ? null : parsed.GetValue(addresses),
                Mode = parsed.GetValue(mode),
                Families = DryRunCommandLine.Families(parsed.GetRequiredValue(family)),
                RulePaths = parsed.GetValue(rules) ?? [],
                ConntrackPath = parsed.GetValue(conntrack),
                IsJson = parsed.GetValue(output) == Json,
            };
            return new VerifyCommand(CommandStreams.OfProcess(), AgentHost.OfProcess(TimeProvider.System)).RunAsync(options, cancellation);
        });
        HelpWithExamples.AddTo(command, Examples);
        return command;
    }
}
