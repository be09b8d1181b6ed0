using System.CommandLine;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Observability.Serving;

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
        command.Validators.Add(result =>
        {
            if (result.GetResult(address) is not null && result.GetResult(config) is not null)
            {
                result.AddError("give either --metrics-address or --config, not both: each says where the agent listens");
            }

            if (result.GetValue(address) is { } text && !IsAddress(text))
            {
                result.AddError($"--metrics-address: \"{text}\" is not an IP address and a port, such as 127.0.0.1:10249 or [::1]:10249");
            }

            if (result.GetResult(interval) is { Implicit: false } && result.GetValue(interval) is not (>= 0.2 and <= 3600))
            {
                result.AddError("--interval must be from 0.2 to 3600 seconds");
            }
        });
        command.SetAction((parsed, cancellation) =>
        {
            StatusOptions options = new()
            {
                Address = parsed.GetValue(address),
                ConfigPath = parsed.GetValue(config),
                IsJson = parsed.GetValue(output) == Json,
                Interval = parsed.GetValue(watch) ? TimeSpan.FromSeconds(parsed.GetValue(interval)) : null,
            };
            return new StatusCommand(CommandStreams.OfProcess(), TimeProvider.System).RunAsync(options, cancellation);
        });
        HelpWithExamples.AddTo(command, Examples);
        return command;
    }

    private static bool IsAddress(string text)
    {
        try
        {
            return ListenPoint.FromBindAddress(text).Port != 0;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}

/// <summary>What <c>status</c> was asked for.</summary>
internal sealed record StatusOptions
{
    /// <summary>The metrics address; null for that of the configuration.</summary>
    public string? Address { get; init; }

    /// <summary>The configuration file of the agent; null for the default address.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>Whether to write JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>The time between two readings; null for one reading.</summary>
    public TimeSpan? Interval { get; init; }
}
