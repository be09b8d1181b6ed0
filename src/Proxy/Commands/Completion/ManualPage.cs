using System.Text;

namespace KubeProxySharp.Proxy.Commands.Completion;

/// <summary>Writes the manual page, in the macros of man(7), from what <c>--help</c> prints.</summary>
internal static class ManualPage
{
    private const string Name = "kube-proxy-sharp";

    public static void Write(IReadOnlyList<CommandPage> commands, string version, TextWriter output)
    {
        output.WriteLine($".TH KUBE\\-PROXY\\-SHARP 8 \"\" \"{Text(version)}\" \"Kubernetes networking\"");
        output.WriteLine(".SH NAME");
        output.WriteLine($"{Text(Name)} \\- Kubernetes service rules for iptables and nftables, to run, to print and to explain");
        output.WriteLine(".SH SYNOPSIS");
        foreach (CommandPage command in commands)
        {
            output.WriteLine($".B {Text(Name)} {Text(command.Name)}");
            output.WriteLine($"[options]{string.Concat(command.Arguments.Select(argument => $" \\fI{Text(argument.Name)}\\fR"))}");
            output.WriteLine(".br");
        }

        output.WriteLine(".SH COMMANDS");
        foreach (CommandPage command in commands)
        {
            output.WriteLine($".SS {Text(command.Name)}{string.Concat(command.Arguments.Select(argument => " " + Text(argument.Name)))}");
            output.WriteLine(Line(command.Description));
            foreach (OptionPage option in command.Options)
            {
                output.WriteLine(".TP");
                output.WriteLine($"{string.Join(", ", option.Names.Select(static name => $"\\fB{Text(name)}\\fR"))}{(option.TakesValue ? $" \\fI{Text(option.ValueName)}\\fR" : "")}");
                output.WriteLine(Line(option.Description));
            }

            if (command.Examples.Length != 0)
            {
                output.WriteLine(".PP");
                output.WriteLine(".nf");
                foreach (string line in command.Examples.Split('\n'))
                {
                    output.WriteLine(Line(line));
                }

                output.WriteLine(".fi");
            }
        }

        output.WriteLine(".SH SEE ALSO");
        output.WriteLine(".BR iptables (8), nft (8), conntrack (8)");
    }

    /// <summary>A line of text: one that begins with a dot or an apostrophe would be a request (groff(7)).</summary>
    private static string Line(string text) => text.Length != 0 && text[0] is '.' or '\'' ? "\\&" + Text(text) : Text(text);

    private static string Text(string text)
    {
        StringBuilder escaped = new(text.Length);
        foreach (char letter in text)
        {
            escaped.Append(letter switch
            {
                '\\' => "\\e",
                '-' => "\\-",
                _ => letter.ToString(),
            });
        }

        return escaped.ToString();
    }
}
