using System.CommandLine;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Verify;

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

          # a support bundle of the node, on any machine and without root
          kube-proxy-sharp verify --bundle node-a.tar.gz

          # what was saved with other tools
          kubectl get svc,endpointslices,nodes,servicecidrs -A -o yaml > all.yaml
          ssh node-a 'conntrack -L -o extended' > flows.txt
          ssh node-a iptables-save > rules.txt
          kube-proxy-sharp verify -f all.yaml --node node-a --conntrack flows.txt --rules rules.txt -o json

        Exit codes: 0 nothing to find fault with; 2 findings; 1 it could not be verified.
        """;

    public static Command Create()
    {
        EgressFlags egress = new();
        ClusterFlags cluster = new();
        RuleFlags rules = new();
        BundleFlag bundle = new();
        Option<string?> conntrack = new("--conntrack") { Description = "Saved flows instead of this node's: of \"conntrack -L\", with or without -o extended.", HelpName = "FILE" };
        Option<string> output = new Option<string>("--output", "-o") { Description = "Format of the report.", DefaultValueFactory = _ => "text" }
            .AcceptOnlyFromAmong("text", Json);
        Command command = new("verify", "Compares the flows and rules of a node with the cluster's Services. Changes nothing.")
        {
            cluster.Paths, cluster.Recursive, cluster.Kubeconfig, cluster.Context, cluster.Config, cluster.Node, cluster.NodeAddresses, cluster.Mode, cluster.Family,
            rules.Rules, rules.Rules4, rules.Rules6, rules.Ipset, conntrack, output, cluster.Verbose,
        };
        cluster.RefuseTwoClusters(command);
        rules.RefuseTwoInputs(command, cluster.Paths);
        rules.RefuseSetsAlone(command, bundle.Path);
        egress.AddTo(command);
        bundle.AddTo(command, cluster.Kubeconfig, cluster.Context);
        command.SetAction((parsed, cancellation) =>
        {
            VerifyOptions options = egress.Read(parsed, cluster.Read(parsed, new VerifyOptions
            {
                Families = cluster.FamiliesOf(parsed),
                RuleFiles = rules.Read(parsed),
                IpsetPath = parsed.GetValue(rules.Ipset),
                ConntrackPath = parsed.GetValue(conntrack),
                IsJson = parsed.GetValue(output) == Json,
            }));
            CommandStreams streams = CommandStreams.OfProcess();
            return bundle.RunAsync(parsed, options, static (saved, given) => given.With(saved), streams, filled =>
                new VerifyCommand(streams, AgentHost.OfProcess(TimeProvider.System)).RunAsync(filled, cancellation));
        });
        HelpWithExamples.AddTo(command, Examples);
        return command;
    }
}

/// <summary>What <c>verify</c> was asked for.</summary>
internal sealed record VerifyOptions : ClusterOptions
{
    /// <summary>The families to look at.</summary>
    public required IReadOnlyList<IpFamily> Families { get; init; }

    /// <summary>Files of saved rules; or empty.</summary>
    public IReadOnlyList<RuleFile> RuleFiles { get; init; } = [];

    /// <summary>The contents of ipsets, for saved rules; null for none.</summary>
    public string? IpsetPath { get; init; }

    /// <summary>Saved flows: of <c>conntrack -L</c>; null for none.</summary>
    public string? ConntrackPath { get; init; }

    /// <summary>Whether to write JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>The options with what a support bundle has: its flows, and its rules with their ipsets, as far as they are in it.</summary>
    /// <exception cref="InputException">It has no objects, or neither rules nor flows.</exception>
    public VerifyOptions With(UnpackedBundle bundle)
    {
        VerifyOptions filled = bundle.FillWithObjects(this);
        if (!filled.IsLive)
        {
            return filled;
        }

        string? flows = bundle.PathOf(BundlePart.Flows);
        IReadOnlyList<RuleFile> rules = flows is null ? bundle.RequireRules() : bundle.Rules;
        return filled with { ConntrackPath = flows, RuleFiles = rules, IpsetPath = rules.Count == 0 ? null : IpsetPath ?? bundle.PathOf(BundlePart.Ipset) };
    }

    /// <summary>Whether this node itself is looked at, rather than what was saved of one.</summary>
    public bool IsLive => RuleFiles.Count == 0 && ConntrackPath is null;

    /// <summary>Whether to look at flows.</summary>
    public bool ChecksFlows => IsLive || ConntrackPath is not null;

    /// <summary>Whether to look at rules.</summary>
    public bool ChecksRules => IsLive || RuleFiles.Count != 0;
}
