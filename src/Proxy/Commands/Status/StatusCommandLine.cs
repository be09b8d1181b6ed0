using System.CommandLine;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Commands.Status;

/// <summary>The options of <c>status</c>.</summary>
internal static class StatusCommandLine
{
    private const string Json = "json";

    private const string Examples =
        """
        Examples:
          # the agent of this node; root is not needed
          kube-proxy-sharp status

          # an agent whose configuration has another metricsBindAddress, every 2 seconds
          kube-proxy-sharp status --config /var/lib/kube-proxy/config.conf --watch

          # what a support bundle says of the agent
          kube-proxy-sharp status --bundle node-a.tar.gz

          # for a script
          kube-proxy-sharp status -o json | jq .health

        Exit codes: 0 healthy; 2 the agent answers and is not healthy; 3 no agent answers; 1 wrong flags, or an answer that is not understood.
        """;

    public static Command Create()
    {
        Option<string?> address = new("--metrics-address") { Description = "The metrics address of the agent; by default that of --config, else 127.0.0.1:10249.", HelpName = "IP:PORT" };
        Option<string?> config = new("--config") { Description = "The KubeProxyConfiguration file of the agent, for its metricsBindAddress.", HelpName = "FILE" };
        Option<bool> watch = new("--watch", "-w") { Description = "Show the state again and again until interrupted." };
        Option<double> interval = new("--interval") { Description = "Seconds between two readings with --watch.", DefaultValueFactory = _ => 2, HelpName = "SECONDS" };
        Option<string> output = new Option<string>("--output", "-o") { Description = "Format of the state.", DefaultValueFactory = _ => "text" }
            .AcceptOnlyFromAmong("text", Json);
        Command command = new("status", "Shows the state of the agent on this node, from its metrics address. Root is not needed.") { address, config, watch, interval, output };
        BundleFlag bundle = new();
        command.Validators.Add(result =>
        {
            if (result.GetResult(address) is not null && result.GetResult(config) is not null)
            {
                result.AddError("give either --metrics-address or --config, not both: each says where the agent listens");
            }

            if (result.GetValue(address) is { } text && !AgentClient.IsAddress(text))
            {
                result.AddError($"--metrics-address: \"{text}\" is not an IP address and a port, such as 127.0.0.1:10249 or [::1]:10249");
            }

            if (result.GetResult(interval) is { Implicit: false } && result.GetValue(interval) is not (>= 0.2 and <= 3600))
            {
                result.AddError("--interval must be from 0.2 to 3600 seconds");
            }
        });
        bundle.AddTo(command, address, config, watch);
        command.SetAction((parsed, cancellation) =>
        {
            StatusOptions options = new()
            {
                Address = parsed.GetValue(address),
                ConfigPath = parsed.GetValue(config),
                IsJson = parsed.GetValue(output) == Json,
                Interval = parsed.GetValue(watch) ? TimeSpan.FromSeconds(parsed.GetValue(interval)) : null,
            };
            CommandStreams streams = CommandStreams.OfProcess();
            return bundle.RunAsync(parsed, options, static (saved, given) => given with { SavedPath = saved.Require(BundlePart.Status, "the state of an agent is only in bundles made while it ran") }, streams, filled =>
                new StatusCommand(streams, TimeProvider.System).RunAsync(filled, cancellation));
        });
        HelpWithExamples.AddTo(command, Examples);
        return command;
    }
}

/// <summary>What <c>status</c> was asked for.</summary>
internal sealed record StatusOptions
{
    /// <summary>The metrics address; null for that of the configuration.</summary>
    public string? Address { get; init; }

    /// <summary>The configuration file of the agent; null for the default address.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>A saved state; null to ask the agent.</summary>
    public string? SavedPath { get; init; }

    /// <summary>Whether to write JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>The time between two readings; null for one reading.</summary>
    public TimeSpan? Interval { get; init; }
}
