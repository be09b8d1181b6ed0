using System.CommandLine;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>The options of <c>compare</c>.</summary>
internal static class CompareCommandLine
{
    private const string Json = "json";
    private const string AllModes = "modes";
    private const int MostSeconds = 1_000_000;

    private static readonly string s_examples =
        $"""
        A and B are each: files with manifests (or a directory, or -), which rules are made from; files of iptables-save,
        ip6tables-save, "iptables -S", "nft -j list ruleset" or "nft list ruleset" (or - for standard input); or "live", the
        rules of this node; or "cluster", rules made from what an API server has. Several files of a side are joined by commas. ipv4:FILE and ipv6:FILE say the family of rules that
        do not show it.

        Examples:
          # does an edit change more than it should?
          kube-proxy-sharp compare before.yaml after.yaml --node node-a

          # does this node have the rules that the manifests ask for?
          kube-proxy-sharp compare live all.yaml --node node-a

          # kube-proxy's rules of a support bundle against ours of the other mode
          kube-proxy-sharp compare iptables-save.txt,ip6tables-save.txt all.yaml --node node-a --mode nftables --ignore modes

          # the rules of this node against the API server of the current context
          kube-proxy-sharp compare live cluster --node node-a

          # the rules in a support bundle against the objects in it
          kube-proxy-sharp compare --bundle node-a.tar.gz live cluster

          # what changes with the mode?
          kube-proxy-sharp compare all.yaml all.yaml --mode iptables --mode-b nftables

        Documented differences of the modes, for --ignore:
        {string.Join('\n', ModeDifference.All.Select(static mode => $"  {mode.Name,-24}{mode.Text}"))}
          {AllModes,-24}all of these

        Exit codes: 0 equal; 2 different; 3 undetermined, because of rules that are not understood, or since --timeout came
        before all was compared; 1 not compared.
        """;

    public static Command Create()
    {
        Argument<string> a = new("A") { Description = "The first rules: files joined by commas, \"live\", or \"cluster\"." };
        Argument<string> b = new("B") { Description = "The second rules. Default: \"cluster\".", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = _ => SideReader.Cluster };
        EgressFlags egress = new();
        ClusterFlags cluster = new();
        cluster.Config.Description = "A KubeProxyConfiguration file, for manifests.";
        cluster.Node.Description = "The node. Default: hostnameOverride, else the only Node of the manifests.";
        cluster.NodeAddresses.Description = "An address on the node's interfaces; repeatable. Default: those that either side has, else those that rules name.";
        cluster.Mode.Description = "The mode of rules made from manifests, and of \"live\". Default: that of the configuration, else iptables; of \"live\": both.";
        cluster.Family.Description = "The address families to compare.";
        Option<string?> configB = new("--config-b") { Description = "A KubeProxyConfiguration file for B. Default: that of --config.", HelpName = "FILE" };
        Option<string?> nodeB = new("--node-b") { Description = "The node for B. Default: that of --node.", HelpName = "NAME" };
        Option<string?> modeB = new Option<string?>("--mode-b") { Description = "The mode for B. Default: that of --mode." }.AcceptOnlyFromAmong(ProxyMode.Iptables, ProxyMode.Nftables);
        Option<string> rules = new Option<string>("--rules") { Description = "Whether to compare kube-proxy's own rules or all rules. Default: own if a side is made from manifests, else all." }
            .AcceptOnlyFromAmong("own", "all");
        Option<string[]> ignore = new Option<string[]>("--ignore")
        {
            Description = "Documented differences of the modes to ignore; repeatable, or separated by commas. The list is below.",
            HelpName = "NAME",
            AllowMultipleArgumentsPerToken = false,
        };
        Option<double> timeout = new("--timeout")
        {
            Description = "Seconds that the comparison may take; then it is reported what was found, and how much was not decided. 0 for any time.",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => 60,
        };
        Option<string?> ipset = new("--ipset") { Description = "The contents of the ipsets that saved rules name: what \"ipset save\" prints. Not needed where the files of rules have it too.", HelpName = "FILE" };
        Option<string?> ipsetB = new("--ipset-b") { Description = "The ipsets for B. Default: those of --ipset.", HelpName = "FILE" };
        Option<string> output = new Option<string>("--output", "-o") { Description = "Format of the report.", DefaultValueFactory = _ => "text" }
            .AcceptOnlyFromAmong("text", Json);
        Command command = new("compare", "Compares what two rule sets do with every packet, across modes and tools.")
        {
            a, b, cluster.Recursive, cluster.Kubeconfig, cluster.Context, cluster.Config, configB, cluster.Node, nodeB, cluster.Mode, modeB, cluster.NodeAddresses, rules, ipset, ipsetB, ignore, cluster.Family, timeout, output, cluster.Verbose,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(timeout) is not (>= 0 and <= MostSeconds))
            {
                result.AddError($"--timeout: give seconds from 0 to {MostSeconds}");
            }

            foreach (string name in Split(result.GetValue(ignore)).Where(name => name != AllModes && !ModeDifference.All.Any(known => known.Name == name)))
            {
                result.AddError($"--ignore {name}: there is no documented difference of this name; they are {string.Join(", ", ModeDifference.All.Select(known => known.Name))} and {AllModes}");
            }
        });
        BundleFlag bundle = new();
        egress.AddTo(command);
        bundle.AddTo(command, cluster.Kubeconfig, cluster.Context);
        command.SetAction((parsed, cancellation) =>
        {
            string[] ignored = Split(parsed.GetValue(ignore));
            ClusterOptions common = egress.Read(parsed, cluster.Read(parsed, new ClusterOptions()));
            CompareOptions options = new()
            {
                A = common with { Paths = Files(parsed.GetRequiredValue(a)) },
                B = common with
                {
                    Paths = Files(parsed.GetRequiredValue(b)),
                    ConfigPath = parsed.GetValue(configB) ?? common.ConfigPath,
                    NodeName = parsed.GetValue(nodeB) ?? common.NodeName,
                    Mode = parsed.GetValue(modeB) ?? common.Mode,
                },
                Families = cluster.FamiliesOf(parsed),
                Ignored = ignored.Contains(AllModes) ? ModeDifference.All : [.. ModeDifference.All.Where(known => ignored.Contains(known.Name))],
                IpsetA = parsed.GetValue(ipset),
                IpsetB = parsed.GetValue(ipsetB) ?? parsed.GetValue(ipset),
                NodeAddresses = common.NodeAddresses,
                ComparesAllRules = parsed.GetValue(rules) is { } chosen ? chosen == "all" : null,
                Limit = parsed.GetValue(timeout) is > 0 and { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                IsJson = parsed.GetValue(output) == Json,
            };
            CommandStreams streams = CommandStreams.OfProcess();
            return bundle.RunAsync(parsed, options, static (saved, given) => given.With(saved), streams, filled =>
                new CompareCommand(streams, AgentHost.OfProcess(TimeProvider.System)).RunAsync(filled, cancellation));
        });
        HelpWithExamples.AddTo(command, s_examples);
        return command;
    }

    private static string[] Files(string side) => side.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static string[] Split(string[]? names) => [.. (names ?? []).SelectMany(static name => name.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
}

/// <summary>What <c>compare</c> was asked for.</summary>
internal sealed record CompareOptions
{
    /// <summary>The first side; <see cref="ClusterOptions.Paths"/> are its files, whatever they hold.</summary>
    public required ClusterOptions A { get; init; }

    public required ClusterOptions B { get; init; }

    public required IReadOnlyList<IpFamily> Families { get; init; }

    /// <summary>The options with what a support bundle has: "live" stands for its rules, "cluster" for its objects.</summary>
    /// <exception cref="InputException">It does not have them.</exception>
    public CompareOptions With(UnpackedBundle bundle) => this with
    {
        A = With(bundle, A),
        B = With(bundle, B),
        NodeAddresses = NodeAddresses ?? bundle.Fill(new ClusterOptions()).NodeAddresses,
    };

    private static ClusterOptions With(UnpackedBundle bundle, ClusterOptions side) => side.Paths switch
    {
        [SideReader.Live] => side with { Paths = [.. bundle.RequireRules().Select(SideReader.TextOf)], Title = $"the rules of {bundle.Name}" },
        [SideReader.Cluster] => bundle.FillWithObjects(side with { Paths = [] }) with { Title = $"the objects of {bundle.Name}" },
        _ => side,
    };

    /// <summary>Documented differences of the modes that are ignored.</summary>
    public IReadOnlyList<ModeDifference> Ignored { get; init; } = [];

    /// <summary>The contents of ipsets, for saved rules of the first side; null for none but those beside the rules.</summary>
    public string? IpsetA { get; init; }

    /// <summary>The same for the second side.</summary>
    public string? IpsetB { get; init; }

    /// <summary>Addresses on the node's interfaces; null to find them.</summary>
    public IReadOnlyList<IpAddress>? NodeAddresses { get; init; }

    /// <summary>Whether rules of others count; null for what the inputs are.</summary>
    public bool? ComparesAllRules { get; init; }

    /// <summary>
    /// How long the comparison goes on after a sure difference, where rules split packets so often that it may take hours. The
    /// verdict is known then.
    /// </summary>
    public static TimeSpan TimeAfterDifference { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The time that the comparison may take; null for any.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>Whether to write JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>The most threads.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}
