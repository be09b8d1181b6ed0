using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration.Flags;

namespace KubeProxySharp.Proxy.Commands.Completion;

/// <summary>A command as <c>--help</c>, the completion of shells and the manual page describe it, read from its command line.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">One or two sentences.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Options">Its options, in the order of <c>--help</c>.</param>
/// <param name="Examples">The text after the options of <c>--help</c>: examples and exit codes.</param>
internal sealed record CommandPage(string Name, string Description, IReadOnlyList<ArgumentPage> Arguments, IReadOnlyList<OptionPage> Options, string Examples)
{
    /// <summary>Reads all commands of the program.</summary>
    /// <param name="root">The commands.</param>
    /// <param name="agent">The one that has kube-proxy's flags.</param>
    public static IReadOnlyList<CommandPage> Of(RootCommand root, string agent) =>
        [.. root.Subcommands.Where(static command => !command.Hidden).Select(command => Of(command, agent))];

    private static CommandPage Of(Command command, string agent) => command.Name == agent
        ? new(command.Name, command.Description ?? "", [], [.. new KubeProxyFlags().Set.All.Where(static flag => flag.Deprecation is null).Select(OptionPage.Of)], FlagHelp.Examples)
        : new(
            command.Name,
            command.Description ?? "",
            [.. command.Arguments.Select(static argument => new ArgumentPage(argument.Name, [.. argument.GetCompletions(CompletionContext.Empty).Select(static item => item.Label)]))],
            [.. command.Options.Select(OptionPage.Of)],
            command.Options.Select(static option => option.Action).OfType<HelpWithExamples>().FirstOrDefault()?.Examples ?? "");
}

/// <summary>An argument of a command.</summary>
/// <param name="Name">What the help calls it.</param>
/// <param name="Values">The values that it can have; empty for the path of a file.</param>
internal sealed record ArgumentPage(string Name, IReadOnlyList<string> Values);

/// <summary>An option of a command.</summary>
/// <param name="Names">Its names with dashes, the long one first.</param>
/// <param name="ValueName">What the help calls its value; empty if it takes none.</param>
/// <param name="Description">For the help.</param>
/// <param name="Values">The values that it can have, if they are few; else empty.</param>
internal sealed record OptionPage(IReadOnlyList<string> Names, string ValueName, string Description, IReadOnlyList<string> Values)
{
    /// <summary>Whether it needs a value, which may be the next word.</summary>
    public bool TakesValue => ValueName.Length != 0;

    /// <summary>Whether its value is the path of a file or directory, which shells complete.</summary>
    public bool TakesPath => ValueName is "FILE" or "PATH" or "DIR";

    public static OptionPage Of(Option option)
    {
        string[] values = option is HelpOption || option.ValueType == typeof(bool)
            ? []
            : [.. option.GetCompletions(CompletionContext.Empty).Select(static item => item.Label)];
        string[] names = [option.Name, .. option.Aliases.Where(alias => alias != option.Name && !alias.StartsWith('/'))];
        bool isSwitch = option is HelpOption || option.ValueType == typeof(bool);
        string value = isSwitch ? "" : option.HelpName ?? (values.Length == 0 ? "VALUE" : string.Join('|', values));
        return new([.. names.OrderByDescending(static name => name.StartsWith("--", StringComparison.Ordinal))], value, option.Description ?? "", values);
    }

    public static OptionPage Of(Flag flag)
    {
        string[] names = flag.Name.Length == 1 ? [$"--{flag.Name}", $"-{flag.Name}"] : flag.Shorthand is { } letter ? [$"--{flag.Name}", $"-{letter}"] : [$"--{flag.Name}"];
        string[] words = flag.ValueName.Split('|');
        string[] values = words.Length > 1 ? [.. words.Where(static word => word.All(char.IsAsciiLetterLower))] : [];
        string description = flag.Deprecation is null ? flag.Description : $"{flag.Description} Deprecated.";
        return new(names, flag.ValueWhenBare is null ? flag.ValueName : "", description, values);
    }
}
