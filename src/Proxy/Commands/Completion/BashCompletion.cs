namespace KubeProxySharp.Proxy.Commands.Completion;

/// <summary>Writes a completion script for bash, as bash-completion loads them (bash(1), Programmable Completion).</summary>
internal static class BashCompletion
{
    public static void Write(IReadOnlyList<CommandPage> commands, TextWriter output)
    {
        output.WriteLine(
            """
            # bash completion for kube-proxy-sharp
            #   source <(kube-proxy-sharp completion bash)
            _kube_proxy_sharp() {
              local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words='' files=''
              # The shell splits --option=value into three words.
              if [ "$current" = = ]; then
                current=''
              elif [ "$previous" = = ] && [ "$COMP_CWORD" -ge 2 ]; then
                previous=${COMP_WORDS[COMP_CWORD-2]}
              fi
              if [ "$COMP_CWORD" -eq 1 ]; then
            """);
        output.WriteLine($"    mapfile -t COMPREPLY < <(compgen -W '{string.Join(' ', commands.Select(static command => command.Name))} --help --version' -- \"$current\")");
        output.WriteLine(
            """
                return
              fi
              case "${COMP_WORDS[1]} $previous" in
            """);
        foreach (CommandPage command in commands)
        {
            foreach (OptionPage option in command.Options.Where(static option => option.TakesValue))
            {
                output.WriteLine($"    {string.Join(" | ", option.Names.Select(name => $"'{command.Name} {name}'"))}) {Value(option)} ;;");
            }
        }

        output.WriteLine(
            """
                *)
                  case "${COMP_WORDS[1]}" in
            """);
        foreach (CommandPage command in commands)
        {
            IEnumerable<string> names = [.. command.Arguments.SelectMany(static argument => argument.Values), .. command.Options.SelectMany(static option => option.Names)];
            string files = command.Arguments.Any(static argument => argument.Values.Count == 0) ? " files=yes" : "";
            output.WriteLine($"        {command.Name}) words='{string.Join(' ', names)}'{files} ;;");
        }

        output.WriteLine(
            """
                  esac ;;
              esac
              mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
              if [ -n "$files" ]; then
                compopt -o filenames 2>/dev/null
                local file
                while read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$current")
              fi
            }
            complete -F _kube_proxy_sharp kube-proxy-sharp
            """);
    }

    private static string Value(OptionPage option) =>
        option.Values.Count != 0 ? $"words='{string.Join(' ', option.Values)}'" : option.TakesPath ? "files=yes" : ":";
}
