using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The options of <c>explain</c>.</summary>
internal static class ExplainCommandLine
{
    private const string Examples =
        """
        Examples:
          # where does a pod's connection to a Service go, and why?
          kubectl get pods,svc,endpointslices,nodes -A -o yaml > all.yaml
          kube-proxy-sharp explain -f all.yaml --from pod:shop/client --to svc:shop/web:http

          # the same, from the API server of the current context; and on every node, where it differs and why
          kube-proxy-sharp explain --from pod:shop/client --to svc:shop/web:http
          kube-proxy-sharp explain --node all --from outside --to svc:shop/web:http
          kubectl svcpath --context staging --from pod:shop/client --to svc:shop/web      # by a link named kubectl-svcpath

          # a client outside, in both modes, with the cluster's configuration
          kube-proxy-sharp explain -f all.yaml --config kube-proxy.conf --node node-a --mode both --from 203.0.113.9 --to 192.0.2.10:30080

          # two legs: a client to the ingress controller, and its pods to the Service behind it
          kube-proxy-sharp explain -f all.yaml --node node-a --from outside --to 192.0.2.80:443 --then svc:shop/web:http

          # a support bundle of the node: its rules, sets, routes and the cluster's objects
          kube-proxy-sharp explain --bundle node-a.tar.gz --from outside --to svc:shop/web:http

          # saved rules; kube-proxy's or ours
          kube-proxy-sharp explain --rules iptables-save.txt --node-address 192.0.2.10 --from 203.0.113.9 --to 10.96.0.10:53/udp

          # over the nodes: by which interface it leaves, through which overlay, and how the answer comes back
          (ip -j route show table all; ip -j -d addr; ip -j rule; ip -6 -j rule) > node-a.json    # on node-a, and so on each node
          kube-proxy-sharp explain -f all.yaml --node node-a --routes node-a=node-a.json --routes node-b=node-b.json --from outside --to 192.0.2.10:30080

          # the rules of this node, as root; a page to show around
          kube-proxy-sharp explain --from node --to 10.96.0.1:443
          kube-proxy-sharp explain -f all.yaml --node node-a --from outside --to [fd00:96::10]:443 -o html > why.html

        Exit codes: 0 answered, whatever the answer; 1 error; 2 an outcome of --fail-on; 3 the walk through the rules and the walk through the
        model disagree, and both are shown.
        """;

    /// <summary>Makes the command.</summary>
    /// <param name="streams">Where things are read from and written to; null for the streams of the process.</param>
    public static Command Create(CommandStreams? streams = null)
    {
        Option<string> from = new("--from") { Description = "The source: an address, pod:NAMESPACE/NAME, node, or outside.", HelpName = "SRC", Required = true };
        Option<string> to = new("--to") { Description = "The destination: ADDRESS:PORT[/PROTOCOL] or svc:NAMESPACE/NAME[:PORT]. Default protocol: tcp.", HelpName = "DST", Required = true };
        Option<string[]> then = new("--then") { Description = "A Service that the pods connect to which the packet comes to, such as those of an ingress controller; repeatable, up to 4 times. svc:NAMESPACE/NAME[:PORT].", HelpName = "DST" };
        EgressFlags egress = new();
        ClusterFlags cluster = new(ExplainOptions.BothModes);
        cluster.Paths.Description = "Manifests: files, directories, or - for standard input. Without these and --rules, an API server is asked (--kubeconfig); without a kubeconfig, the rules of this node.";
        cluster.Kubeconfig.Description = "The kubeconfig of the API server. Default, without -f and --rules: as kubectl finds it, by KUBECONFIG or in ~/.kube/config; for names of Pods and Services also the service account of the Pod.";
        cluster.Node.Description = "The node. Default: that of the Pod in --from, else hostnameOverride, else the only Node of the input. \"all\" for every node, in a table.";
        Option<bool> live = new("--live") { Description = "The rules of this node, also where a kubeconfig is at hand." };
        RuleFlags rules = new();
        BundleFlag bundle = new();
        rules.Rules.Description += " With -f, they are compared with the rules of the manifests.";
        Option<string?> ipvs = new("--ipvs") { Description = "The virtual servers of IPVS, for saved rules of kube-proxy's ipvs mode: what \"ipvsadm -Ln\" prints.", HelpName = "FILE" };
        Option<string[]> routes = new("--routes") { Description = "Interfaces and routes of the node, or NODE=FILE of another; repeatable. What these print: ip -j route show table all; ip -j -d addr; ip -j rule; ip -6 -j rule.", HelpName = "[NODE=]FILE" };
        Option<string?> input = new("--interface") { Description = "The input interface. Default: a pod's or the uplink, depending on --from; unknown with saved rules.", HelpName = "NAME" };
        Option<string?> outgoing = new("--out-interface") { Description = "The output interface. Default: unknown.", HelpName = "NAME" };
        Option<uint> mark = new("--mark") { Description = "The initial packet mark, such as 0x4000.", HelpName = "MARK", CustomParser = ParseMark };
        Option<ushort?> sourcePort = new("--source-port") { Description = "The source port. Default: unknown.", HelpName = "PORT" };
        cluster.Verbose.Description = "Show all branches, endpoints and rules, and each note on objects of the input.";
        cluster.Verbose.Aliases.Add("--all");
        Option<string[]> failOn = new Option<string[]>("--fail-on") { Description = "End with exit code 2 if the packet has this outcome, or may have it; repeatable." }
            .AcceptOnlyFromAmong("unknown", "dropped", "refused");
        Option<string> output = new Option<string>("--output", "-o") { Description = "Format of the answer.", DefaultValueFactory = _ => "text" }
            .AcceptOnlyFromAmong("text", "json", "dot", "svg", "html");
        Command command = new("explain", "Follows a packet through the rules: where it goes, with what probability, and why. Changes nothing.")
        {
            from, to, then, cluster.Paths, cluster.Recursive, cluster.Kubeconfig, cluster.Context, live, rules.Rules, rules.Rules4, rules.Rules6, ipvs, rules.Ipset, cluster.Config, cluster.Node, cluster.NodeAddresses, cluster.Mode, routes, input, outgoing, mark, sourcePort, cluster.Verbose, failOn, output,
        };
        rules.RefuseTwoInputs(command, cluster.Paths);
        rules.RefuseSetsAlone(command, bundle.Path);
        cluster.RefuseTwoClusters(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(live) && (result.GetResult(cluster.Paths) ?? result.GetResult(cluster.Kubeconfig) ?? result.GetResult(cluster.Context)) is not null)
            {
                result.AddError("--live stands for the rules of this node alone; leave out -f, --kubeconfig and --context");
            }

            if (result.GetResult(ipvs) is not null && !rules.AreGiven(result) && result.GetResult(bundle.Path) is null)
            {
                result.AddError("--ipvs needs saved rules (--rules): those that were there when it was listed");
            }
        });
        egress.AddTo(command);
        bundle.AddTo(command, cluster.Kubeconfig, cluster.Context, live);
        command.SetAction((parsed, cancellation) =>
        {
            ExplainOptions options = egress.Read(parsed, cluster.Read(parsed, new ExplainOptions
            {
                From = parsed.GetRequiredValue(from),
                To = parsed.GetRequiredValue(to),
                Then = parsed.GetValue(then) ?? [],
                RuleFiles = rules.Read(parsed),
                WantsLiveRules = parsed.GetValue(live),
                IpvsPath = parsed.GetValue(ipvs),
                Routes = parsed.GetValue(routes) ?? [],
                IpsetPath = parsed.GetValue(rules.Ipset),
                Interface = parsed.GetValue(input),
                OutputInterface = parsed.GetValue(outgoing),
                Mark = parsed.GetValue(mark),
                SourcePort = parsed.GetValue(sourcePort),
                ShowsAll = parsed.GetValue(cluster.Verbose),
                FailOn = [.. (parsed.GetValue(failOn) ?? []).Select(static name => Enum.Parse<ExplainFinding>(name, ignoreCase: true))],
                Format = Enum.Parse<ExplainFormat>(parsed.GetRequiredValue(output), ignoreCase: true),
            }));
            CommandStreams used = streams ?? CommandStreams.OfProcess();
            return bundle.RunAsync(parsed, options, static (saved, given) => given.With(saved), used, filled =>
                new ExplainCommand(used, AgentHost.OfProcess(TimeProvider.System)).RunAsync(filled, cancellation));
        });
        HelpWithExamples.AddTo(command, Examples);
        return command;
    }

    private static uint ParseMark(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        bool isHex = text.StartsWith("0x", StringComparison.Ordinal);
        bool isNumber = isHex
            ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint mark)
            : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out mark);
        if (!isNumber)
        {
            result.AddError($"--mark: \"{text}\" is not a number such as 0x4000");
        }

        return mark;
    }
}

/// <summary>What <c>explain</c> was asked for.</summary>
internal sealed record ExplainOptions : ClusterOptions
{
    /// <summary>A port of clients, where one is shown and none is given.</summary>
    public const ushort UsualSourcePort = 40000;

    /// <summary>The mode that stands for both.</summary>
    public const string BothModes = "both";

    /// <summary>Where the packet comes from, as given.</summary>
    public required string From { get; init; }

    /// <summary>The outcomes for which the exit code is 2.</summary>
    public IReadOnlyList<ExplainFinding> FailOn { get; init; } = [];

    /// <summary>Where it goes, as given.</summary>
    public required string To { get; init; }

    /// <summary>The option that <see cref="To"/> was given by, for messages.</summary>
    public string ToOption { get; init; } = "--to";

    /// <summary>The Services that the pods connect to which the packet comes to, one after the other, as given.</summary>
    public IReadOnlyList<string> Then { get; init; } = [];

    /// <summary>Files with rules; empty for those of manifests or of this node.</summary>
    public IReadOnlyList<RuleFile> RuleFiles { get; init; } = [];

    /// <summary>A listing of IPVS, for saved rules; null for none.</summary>
    public string? IpvsPath { get; init; }

    /// <summary>Files with interfaces and routes, <c>FILE</c> or <c>NODE=FILE</c>.</summary>
    public IReadOnlyList<string> Routes { get; init; } = [];
    /// <summary>The contents of ipsets, for saved rules; null for none.</summary>
    public string? IpsetPath { get; init; }

    /// <summary>The interface that the packet comes in by; null to guess it.</summary>
    public string? Interface { get; init; }

    /// <summary>The interface that it leaves by; null when not known.</summary>
    public string? OutputInterface { get; init; }

    /// <summary>The mark that it has from the beginning.</summary>
    public uint Mark { get; init; }

    /// <summary>The source port; null when not known.</summary>
    public ushort? SourcePort { get; init; }

    /// <summary>The form of the answer.</summary>
    public ExplainFormat Format { get; init; }

    /// <summary>Whether all branches are shown, however many.</summary>
    public bool ShowsAll { get; init; }

    /// <summary>Whether the rules of this node were asked for, whatever else is at hand.</summary>
    public bool WantsLiveRules { get; init; }

    /// <summary>The name of a node that stands for all of them.</summary>
    public const string AllNodes = "all";

    /// <summary>Whether every node is asked about.</summary>
    public bool IsOfAllNodes => NodeName == AllNodes;

    /// <summary>
    /// The options with what a support bundle has. Its rules are followed, and compared with what its objects ask for; a question about
    /// other nodes or both modes is answered by the objects alone.
    /// </summary>
    /// <exception cref="InputException">It does not have what the question needs.</exception>
    public ExplainOptions With(UnpackedBundle bundle)
    {
        bool isOfRules = !IsOfAllNodes && Then.Count == 0 && Mode != BothModes && (NodeName is null || NodeName == bundle.Manifest.Node);
        ExplainOptions filled = isOfRules ? bundle.Fill(this) : bundle.FillWithObjects(this);
        bool hasOwnRules = isOfRules && RuleFiles.Count == 0;
        if (!isOfRules && RuleFiles.Count == 0 && (IpsetPath ?? IpvsPath) is not null)
        {
            throw new InputException("--ipset and --ipvs belong to the rules of the bundle, and this question follows those that its objects make; leave them out");
        }

        return filled with
        {
            RuleFiles = hasOwnRules ? bundle.RequireRules() : RuleFiles,
            IpvsPath = IpvsPath ?? (hasOwnRules && bundle.Manifest.Mode == ProxyMode.Ipvs ? bundle.PathOf(BundlePart.Ipvs) : null),
            IpsetPath = IpsetPath ?? (hasOwnRules ? bundle.PathOf(BundlePart.Ipset) : null),
            Mode = filled.Mode ?? (bundle.Manifest.Mode == ProxyMode.Ipvs ? ProxyMode.Iptables : null), // its rules are those of iptables, and virtual servers
            NodeAddresses = NodeAddresses,
            Routes = Routes.Count == 0 && bundle.PathOf(BundlePart.Network) is { } network ? [bundle.Manifest.Node.Length == 0 ? network : $"{bundle.Manifest.Node}={network}"] : Routes,
        };
    }

    /// <summary>
    /// Whether a cluster is read: manifests, a server that was named or, without any rules to follow, one that is at hand. In a Pod
    /// without a kubeconfig the server is asked for the names of Pods and Services; rules are those of its node.
    /// </summary>
    /// <param name="environment">Reads a variable of the environment.</param>
    public bool HasCluster(Func<string, string?> environment) =>
        Paths.Count != 0 || Kubeconfig is not null || Context is not null
        || (RuleFiles.Count == 0 && !WantsLiveRules && (ClusterAccess.FilesOfUser(environment).Count != 0 || HasNames));

    private bool HasNames => IsOfAllNodes || PacketSource.Parse(From).Pod is not null || PacketDestination.Parse(To).Service is not null;
}

/// <summary>The forms of an answer.</summary>
internal enum ExplainFormat : byte
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>For programs.</summary>
    Json,

    /// <summary>A graph for Graphviz.</summary>
    Dot,

    Svg,

    /// <summary>A page with the picture and the text.</summary>
    Html,
}
