using System.CommandLine;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Commands.Replay;

/// <summary>The options of <c>replay</c>.</summary>
internal static class ReplayCommandLine
{
    private const string Json = "json";

    private const string Examples =
        """
        Examples:
          # the agent records; later, on any machine, without root or cluster
          kube-proxy-sharp run --config /var/lib/kube-proxy/config.conf --record /var/log/kube-proxy.recording
          kube-proxy-sharp replay /var/log/kube-proxy.recording

          # the rules after sync 17, and what sync 17 wrote
          kube-proxy-sharp replay kube-proxy.recording --at 17
          kube-proxy-sharp replay kube-proxy.recording --step 17

          # the syncs with a difference
          kube-proxy-sharp replay kube-proxy.recording -o json | jq '.syncs[] | select(.sound | not)'

        Exit codes: 0 the same rules; 2 other rules, or an update that does not lead to them; 1 the recording cannot be read, or a flag is wrong.
        """;

    public static Command Create()
    {
        Argument<string> file = new("file") { Description = "The recording of run --record, or - for standard input.", HelpName = "FILE" };
        Option<int?> until = new("--until") { Description = "End after this sync.", HelpName = "N" };
        Option<int?> at = new("--at") { Description = "Print the rules after this sync, as iptables-save lists them or as an nft script.", HelpName = "N" };
        Option<int?> step = new("--step") { Description = "Print what this sync writes: an update, all rules if it cannot be one, or nothing.", HelpName = "N" };
        Option<string> output = new Option<string>("--output", "-o") { Description = "Format of the report.", DefaultValueFactory = _ => "text" }
            .AcceptOnlyFromAmong("text", Json);
        Command command = new("replay", "Makes the rules again from what an agent recorded, and compares them. Needs no cluster and changes nothing.") { file, until, at, step, output };
        command.Validators.Add(result =>
        {
            Option<int?>[] numbers = [until, at, step];
            foreach (Option<int?> number in numbers.Where(number => result.GetResult(number) is not null && result.GetValue(number) is not > 0))
            {
                result.AddError($"{number.Name}: give the number of a sync, from 1");
            }

            if (numbers.Count(number => result.GetResult(number) is not null) > 1)
            {
                result.AddError("give one of --until, --at and --step");
            }
        });
        command.SetAction((parsed, _) =>
        {
            ReplayOptions options = new()
            {
                Path = parsed.GetValue(file)!, // an argument that is required
                Until = parsed.GetValue(until) ?? parsed.GetValue(at) ?? parsed.GetValue(step),
                Shown = parsed.GetValue(at) is not null ? ReplayedText.AllRules : parsed.GetValue(step) is not null ? ReplayedText.Update : ReplayedText.None,
                IsJson = parsed.GetValue(output) == Json,
            };
            return new ReplayCommand(CommandStreams.OfProcess(), TimeProvider.System).RunAsync(options);
        });
        HelpWithExamples.AddTo(command, Examples);
        return command;
    }
}

/// <summary>What <c>replay</c> was asked for.</summary>
internal sealed record ReplayOptions
{
    /// <summary>The recording; <c>-</c> for standard input.</summary>
    public required string Path { get; init; }

    /// <summary>The number of the last sync; null for all.</summary>
    public int? Until { get; init; }

    /// <summary>The text of rules to print instead of a report.</summary>
    public ReplayedText Shown { get; init; }

    /// <summary>Whether to write JSON.</summary>
    public bool IsJson { get; init; }
}

/// <summary>A text of rules at the last sync.</summary>
internal enum ReplayedText : byte
{
    /// <summary>None: a report is printed.</summary>
    None,

    /// <summary>All rules.</summary>
    AllRules,

    /// <summary>What the sync writes.</summary>
    Update,
}
