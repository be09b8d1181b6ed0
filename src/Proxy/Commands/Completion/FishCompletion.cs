namespace KubeProxySharp.Proxy.Commands.Completion;

/// <summary>Writes completions for fish (complete(1) of fish).</summary>
internal static class FishCompletion
{
    private const string Complete = "complete -c kube-proxy-sharp";

    public static void Write(IReadOnlyList<CommandPage> commands, TextWriter output)
    {
        output.WriteLine(
            """
            # fish completion for kube-proxy-sharp: save it as ~/.config/fish/completions/kube-proxy-sharp.fish, or
            #   kube-proxy-sharp completion fish | source
            """);
        output.WriteLine($"{Complete} -f");
        output.WriteLine($"{Complete} -n __fish_use_subcommand -l help -d 'Show help'");
        output.WriteLine($"{Complete} -n __fish_use_subcommand -l version -d 'Show version'");
        foreach (CommandPage command in commands)
        {
            output.WriteLine($"{Complete} -n __fish_use_subcommand -a {command.Name} -d {Quote(command.Description)}");
            string condition = $"-n {Quote($"__fish_seen_subcommand_from {command.Name}")}";
            foreach (OptionPage option in command.Options)
            {
                output.WriteLine($"{Complete} {condition} {Names(option)}{Value(option)} -d {Quote(option.Description)}");
            }

            foreach (ArgumentPage argument in command.Arguments)
            {
                output.WriteLine($"{Complete} {condition} {(argument.Values.Count == 0 ? "-F" : "-a " + Quote(string.Join(' ', argument.Values)))}");
            }
        }
    }

    private static string Names(OptionPage option) => string.Join(' ', option.Names.Select(static name =>
        name.StartsWith("--", StringComparison.Ordinal) ? $"-l {name[2..]}" : name.Length == 2 && name != "-?" ? $"-s {name[1..]}" : "").Where(static name => name.Length != 0));

    private static string Value(OptionPage option) =>
        !option.TakesValue ? "" : option.Values.Count != 0 ? $" -x -a {Quote(string.Join(' ', option.Values))}" : option.TakesPath ? " -r -F" : " -x";

    private static string Quote(string text) => $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
