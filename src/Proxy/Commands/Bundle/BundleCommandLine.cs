using System.CommandLine;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Commands.Bundle;

/// <summary>The options of <c>bundle</c>.</summary>
internal static class BundleCommandLine
{
    private const string Examples =
        """
        Examples:
          # everything of this node, as root; the objects from the API server of the agent's or the user's kubeconfig
          kube-proxy-sharp bundle -o node-a.tar.gz

          # names and addresses replaced, to give it to somebody else
          kube-proxy-sharp bundle --anonymize -o shared.tar.gz

          # the same later, of a bundle that is there
          kube-proxy-sharp bundle --bundle node-a.tar.gz --anonymize -o shared.tar.gz

          # from the Pod of the agent, through kubectl
          kubectl -n kube-system exec kube-proxy-abcde -- kube-proxy-sharp bundle -o - > node-a.tar.gz

          # on any machine, without root: what happens to a packet on that node
          kube-proxy-sharp explain --bundle node-a.tar.gz --from outside --to svc:shop/web:http
          kube-proxy-sharp verify --bundle node-a.tar.gz

        Nothing is changed on the node. Secrets, tokens and kubeconfigs are never in a bundle. What could not be collected is listed,
        and is no error.

        Exit codes: 0 written; 1 not written.
        """;

    /// <summary>Makes the command.</summary>
    /// <param name="streams">Where things are read from and written to; null for the streams of the process.</param>
    public static Command Create(CommandStreams? streams = null)
    {
        ClusterFlags cluster = new("ipvs");
        EgressFlags egress = new();
        BundleFlag saved = new();
        saved.Path.Description = "Read this bundle instead of the node, to anonymize it.";
        cluster.Paths.Description = "Manifests instead of an API server: files, directories, or - for standard input.";
        cluster.Config.Description = "The KubeProxyConfiguration file of the agent, for its metricsBindAddress and its kubeconfig.";
        cluster.Node.Description = "The name of this node. Default: what the agent says, else hostnameOverride, else the host name.";
        cluster.Mode.Description = "The mode of the agent. Default: what the agent says, else the configuration, else what the rules show.";
        Option<string> output = new("--output", "-o") { Description = "The file to write, or - for standard output.", HelpName = "FILE", Required = true };
        Option<bool> force = new("--force") { Description = "Overwrite the file if it exists." };
        Option<bool> anonymize = new("--anonymize") { Description = "Replace names and addresses, each by the same one everywhere, and leave out free text such as the log (docs/bundle.md)." };
        Option<string?> address = new("--metrics-address") { Description = "The metrics address of the agent; by default that of --config, else 127.0.0.1:10249.", HelpName = "IP:PORT" };
        Option<string?> log = new("--log") { Description = "The log file of the agent. Default: that of its Pod in /var/log/pods, else its journal.", HelpName = "FILE" };
        Command command = new("bundle", "Collects what explains the state of this node, for a bug report: rules, flows, routes, objects, status, log. Changes nothing.")
        {
            output, force, anonymize, address, cluster.Config, cluster.Paths, cluster.Recursive, cluster.Kubeconfig, cluster.Context, cluster.Node, cluster.Mode, log,
        };
        cluster.RefuseTwoClusters(command);
        egress.AddTo(command);
        saved.AddTo(command, address, cluster.Config, cluster.Paths, cluster.Kubeconfig, cluster.Context, cluster.Node, cluster.Mode, log, egress.IsOn);
        command.Validators.Add(result =>
        {
            if (result.GetValue(address) is { } text && !AgentClient.IsAddress(text))
            {
                result.AddError($"--metrics-address: \"{text}\" is not an IP address and a port, such as 127.0.0.1:10249 or [::1]:10249");
            }

            if (result.GetResult(saved.Path) is not null && !result.GetValue(anonymize))
            {
                result.AddError("--bundle needs --anonymize; a bundle can be copied as it is");
            }
        });
        command.SetAction((parsed, cancellation) =>
        {
            BundleOptions options = egress.Read(parsed, cluster.Read(parsed, new BundleOptions
            {
                OutputPath = parsed.GetRequiredValue(output),
                IsForced = parsed.GetValue(force),
                IsAnonymized = parsed.GetValue(anonymize),
                MetricsAddress = parsed.GetValue(address),
                LogPath = parsed.GetValue(log),
                SavedPath = parsed.GetValue(saved.Path),
            }));
            return new BundleCommand(streams ?? CommandStreams.OfProcess(), AgentHost.OfProcess(TimeProvider.System)).RunAsync(options, cancellation);
        });
        HelpWithExamples.AddTo(command, Examples);
        return command;
    }
}

/// <summary>What <c>bundle</c> was asked for.</summary>
internal sealed record BundleOptions : ClusterOptions
{
    /// <summary>The file to write, or <c>-</c>.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Whether a file that exists is overwritten.</summary>
    public bool IsForced { get; init; }

    /// <summary>Whether names and addresses are replaced.</summary>
    public bool IsAnonymized { get; init; }

    /// <summary>The metrics address of the agent; null for that of the configuration.</summary>
    public string? MetricsAddress { get; init; }

    /// <summary>The log of the agent; null to find it.</summary>
    public string? LogPath { get; init; }

    /// <summary>A bundle that is read instead of the node; null for the node.</summary>
    public string? SavedPath { get; init; }
}
