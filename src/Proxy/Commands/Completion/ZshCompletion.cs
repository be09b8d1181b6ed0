namespace KubeProxySharp.Proxy.Commands.Completion;

/// <summary>Writes a completion function for zsh (zshcompsys(1), <c>_arguments</c>).</summary>
internal static class ZshCompletion
{
    public static void Write(IReadOnlyList<CommandPage> commands, TextWriter output)
    {
        output.WriteLine(
            """
            #compdef kube-proxy-sharp
            # zsh completion for kube-proxy-sharp: save it as _kube-proxy-sharp in a directory of $fpath, or
            #   source <(kube-proxy-sharp completion zsh)
            _kube_proxy_sharp() {
              local -a commands=(
            """);
        foreach (CommandPage command in commands)
        {
            output.WriteLine($"    {Quote($"{command.Name}:{command.Description}")}");
        }

        output.WriteLine(
            """
              )
              if (( CURRENT == 2 )); then
                _describe -t commands command commands
                _arguments '--help[Show help]' '--version[Show version]'
                return
              fi
              local command=$words[2]
              shift words
              (( CURRENT-- ))
              case $command in
            """);
        foreach (CommandPage command in commands)
        {
            output.WriteLine($"    {command.Name})");
            output.Write("      _arguments -s");
            foreach (OptionPage option in command.Options)
            {
                foreach (string name in option.Names)
                {
                    output.WriteLine(" \\");
                    output.Write("        " + Quote(Specification(option, name)));
                }
            }

            foreach (ArgumentPage argument in command.Arguments)
            {
                output.WriteLine(" \\");
                output.Write($"        ':{argument.Name}:{(argument.Values.Count == 0 ? "_files" : $"({string.Join(' ', argument.Values)})")}'");
            }

            output.WriteLine(" ;;");
        }

        output.WriteLine(
            """
              esac
            }
            if [ "$funcstack[1]" = _kube_proxy_sharp ]; then _kube_proxy_sharp "$@"; else compdef _kube_proxy_sharp kube-proxy-sharp; fi
            """);
    }

    /// <summary><c>*NAME[DESCRIPTION]:VALUE:ACTION</c>; the star since many options may be repeated.</summary>
    private static string Specification(OptionPage option, string name)
    {
        string described = $"*{name}{(option.TakesValue && name.StartsWith("--", StringComparison.Ordinal) ? "=" : "")}[{Escape(option.Description, "[]:")}]";
        string action = option.Values.Count != 0 ? $"({string.Join(' ', option.Values)})" : option.TakesPath ? "_files" : " ";
        return option.TakesValue ? $"{described}:{Escape(option.ValueName, ":")}:{action}" : described;
    }

    private static string Escape(string text, string special) => string.Concat(text.Select(letter => special.Contains(letter, StringComparison.Ordinal) || letter == '\\' ? $"\\{letter}" : $"{letter}"));

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
