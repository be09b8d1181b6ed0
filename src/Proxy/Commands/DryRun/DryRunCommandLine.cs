using System.CommandLine;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.DryRun;

/// <summary>The options of <c>dry-run</c>.</summary>
internal static class DryRunCommandLine
{
    private const string Examples =
        """
        Examples:
          # the rules that node-a would have for what a cluster holds now
          kubectl get svc,endpointslices,nodes -A -o yaml | kube-proxy-sharp dry-run -f - --node node-a

          # the same, from a support bundle of the node
          kube-proxy-sharp dry-run --bundle node-a.tar.gz

          # the same, from the API server of the current context, or of another one
          kube-proxy-sharp dry-run --node node-a
          kube-proxy-sharp dry-run --context staging --node node-a

          # IPv4 only, with the cluster's kube-proxy configuration
          kube-proxy-sharp dry-run -f manifests/ --config kube-proxy.conf --node node-a --family ipv4

          # the nftables rules, and what one change does to them
          kube-proxy-sharp dry-run -f all.yaml --node node-a --mode nftables | nft --check -f -
          kube-proxy-sharp dry-run -f new.yaml --diff-from all.yaml --node node-a --mode nftables

        Exit codes: 0 rules were printed; 1 the input is broken or a flag is wrong, and nothing was printed.
        """;

    public static Command Create()
    {
        EgressFlags egress = new();
        ClusterFlags cluster = new();
        cluster.Paths.Description = "Manifests: files, directories, or - for standard input; YAML or JSON, lists and raw API answers too. Without these, an API server is asked.";
        cluster.Node.Description = "The node to make rules for. Default: hostnameOverride, else the only Node of the input, else (of an API server) the one with the name of this host.";
        cluster.NodeAddresses.Description = "An address on the node's interfaces, for nodePortAddresses; repeatable. Default: loopback and the Node's status addresses.";
        cluster.Family.Description = "The address families to print.";
        Option<string[]> diffFrom = new("--diff-from")
        {
            Description = "Older manifests: print the transaction that leads from their rules to those of -f.",
            HelpName = "PATH",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<bool> strict = new("--strict") { Description = "Refuse a configuration with unknown or repeated fields instead of warning." };
        Option<string?> output = new("--output", "-o") { Description = "Write to a file instead of standard output.", HelpName = "FILE" };
        Option<string> format = new("--format")
        {
            Description = "Of nftables rules: text for the program nft, or the batch of netlink messages, each with its attributes and their values.",
            HelpName = "text|batch",
            DefaultValueFactory = _ => DryRunOptions.Text,
        };
        format.AcceptOnlyFromAmong(DryRunOptions.Text, DryRunOptions.Batch);
        Option<bool> nfacct = new("--nfacct")
        {
            Description = "Whether the kernel has nfacct counters, as kube-proxy uses them; --nfacct=false leaves them out.",
            DefaultValueFactory = _ => true,
        };
        Option<bool> serviceCounters = new("--service-counters") { Description = "Make the rules of an agent that runs with --service-counters." };
        Command command = new("dry-run", "Prints the rules a node would have, in the format of iptables-save or as an nft script.")
        {
            cluster.Paths, cluster.Recursive, cluster.Kubeconfig, cluster.Context, diffFrom, cluster.Config, strict, cluster.Node, cluster.NodeAddresses, cluster.Mode, cluster.Family, format, output, nfacct, serviceCounters, cluster.Verbose,
        };
        BundleFlag bundle = new();
        egress.AddTo(command);
        bundle.AddTo(command, cluster.Kubeconfig, cluster.Context);
        cluster.RefuseTwoClusters(command);
        command.SetAction((parsed, cancellation) =>
        {
            DryRunOptions options = egress.Read(parsed, cluster.Read(parsed, new DryRunOptions
            {
                DiffFromPaths = parsed.GetValue(diffFrom) ?? [],
                IsStrict = parsed.GetValue(strict),
                Families = cluster.FamiliesOf(parsed),
                IsBatch = parsed.GetValue(format) == DryRunOptions.Batch,
                OutputPath = parsed.GetValue(output),
                HasNfacct = parsed.GetValue(nfacct),
                HasServiceCounters = parsed.GetValue(serviceCounters),
            }));
            return bundle.RunAsync(parsed, options, static (saved, given) => saved.FillWithObjects(given), CommandStreams.OfProcess(), filled =>
                new DryRunCommand(Console.OpenStandardInput, Console.OpenStandardOutput, Console.Error).RunAsync(filled, AgentHost.OfProcess(TimeProvider.System), cancellation));
        });
        HelpWithExamples.AddTo(command, Examples);
        return command;
    }
}

/// <summary>What <c>dry-run</c> was asked for.</summary>
internal sealed record DryRunOptions : ClusterOptions
{
    /// <summary>Older manifests: the text that leads from their rules to those of <see cref="ClusterOptions.Paths"/> is printed; or empty.</summary>
    public IReadOnlyList<string> DiffFromPaths { get; init; } = [];

    /// <summary>The value of --format for the usual text.</summary>
    public const string Text = "text";

    /// <summary>The value of --format for netlink messages.</summary>
    public const string Batch = "batch";

    /// <summary>Whether nftables rules are shown as netlink messages.</summary>
    public bool IsBatch { get; init; }

    /// <summary>Whether unknown fields of the configuration are errors.</summary>
    public bool IsStrict { get; init; }

    /// <summary>The families to print.</summary>
    public required IReadOnlyList<IpFamily> Families { get; init; }

    /// <summary>Where the rules go; null for standard output.</summary>
    public string? OutputPath { get; init; }

    /// <summary>Whether the kernel has nfacct counters.</summary>
    public bool HasNfacct { get; init; } = true;

    /// <summary>Whether the rules count the connections of Services.</summary>
    public bool HasServiceCounters { get; init; }
}
