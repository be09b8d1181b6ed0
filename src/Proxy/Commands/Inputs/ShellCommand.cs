using System.Text.RegularExpressions;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>A command that lists rules, as a shell shows it above what it printed: <c>root@node:~# iptables -t nat -S</c>.</summary>
/// <param name="Listing">What it prints.</param>
/// <param name="Family">The family that it lists; null for both.</param>
/// <param name="Table">The table that it lists; empty for all of them, or for the program's default.</param>
/// <param name="Left">Why it printed less than all rules of the table, such as <c>| grep KUBE</c>; empty if it printed all.</param>
internal sealed partial record ShellCommand(ShellListing Listing, IpFamily? Family, string Table, string Left)
{
    private const int MaxMilliseconds = 1000;

    /// <summary>Programs that pass on all that they read.</summary>
    private static readonly string[] s_passing = ["cat", "less", "more", "tee"];

    /// <summary>Programs that run a command, on this node or on another.</summary>
    private static readonly string[] s_runners = ["sudo", "doas", "time", "env", "docker", "podman", "nerdctl", "crictl", "kubectl", "oc", "ssh", "nsenter", "chroot", "ip", "minikube", "kind"];

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line, without blanks around it.</param>
    /// <param name="command">The command; null if the line only looks like one that lists no rules.</param>
    /// <returns>Whether the line is of a shell: a prompt, with or without a command, or a command of these.</returns>
    public static bool TryRead(string line, out ShellCommand? command)
    {
        command = null;
        if (line.StartsWith('+'))
        {
            // "set -x" shows the command so; a line of a diff begins like this too.
            line = line.TrimStart('+').TrimStart();
            return line.Length != 0 && !Prompt().IsMatch(line) && TryRead(line, out command) && command is not null;
        }

        Match prompt = Prompt().Match(line);
        string[] words = line[prompt.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int tool = Array.FindIndex(words, static word => ToolOf(word).Length != 0);
        bool isFirst = tool == 0 || (tool > 0 && s_runners.Contains(words[0]));

        // A number sign alone begins a remark more often than it is a prompt.
        bool isPrompt = prompt.Success && !prompt.Value.StartsWith('#');

        // "iptables-save: Permission denied" and "iptables-save v1.8.9 (legacy): ..." are what the tools say.
        bool isMessage = tool >= 0 && tool + 1 < words.Length && (words[tool + 1] is ['v', >= '0' and <= '9', ..] || words[tool].EndsWith(':'));
        if (tool < 0 || isMessage || (!isFirst && !isPrompt))
        {
            return isPrompt;
        }

        command = Read(ToolOf(words[tool]), words[(tool + 1)..]);
        return command is not null || isPrompt;
    }

    /// <summary>Reads the command that a heading names, such as <c>==== iptables-save ====</c>; null if it names none.</summary>
    /// <param name="heading">The line, without the signs around it.</param>
    public static ShellCommand? OfHeading(string heading)
    {
        string[] words = heading.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int tool = Array.FindIndex(words, static word => ToolOf(word).Length != 0);
        return tool < 0 ? null : Read(ToolOf(words[tool]), words[(tool + 1)..]);
    }

    /// <summary>The name of a tool that lists rules, of a word that may be its path; empty for any other.</summary>
    private static string ToolOf(string word)
    {
        string name = word[(word.LastIndexOf('/') + 1)..].TrimEnd(':');
        return name is "nft" or "ipset" || Tool().IsMatch(name) ? name : "";
    }

    private static ShellCommand? Read(string tool, string[] words)
    {
        int pipe = Array.FindIndex(words, static word => word is "|" or ">" or ">>" or "2>" or "2>&1" or ";" or "&&");
        string[] options = pipe < 0 ? words : words[..pipe];
        string left = pipe < 0 ? "" : LeftBy(words[pipe..]);
        IpFamily? family = tool.StartsWith("ip6", StringComparison.Ordinal) ? IpFamily.IPv6 : IpFamily.IPv4;
        if (tool == "nft")
        {
            return ReadNft(options, left);
        }

        if (tool == "ipset")
        {
            return options is ["save" or "-S" or "--save" or "list" or "-L" or "--list", ..] || options.Contains("save") || options.Contains("list") ? new(ShellListing.Sets, null, "", left) : null;
        }

        string table = "";
        string chain = "";
        ShellListing listing = tool.EndsWith("-save", StringComparison.Ordinal) ? ShellListing.Save : ShellListing.None;
        for (int index = 0; index < options.Length; index++)
        {
            string option = options[index];
            string next = index + 1 < options.Length && !options[index + 1].StartsWith('-') ? options[index + 1] : "";
            bool isCluster = option.Length > 1 && option[0] == '-' && option[1] != '-';
            if (option is "-t" or "--table")
            {
                table = next;
            }
            else if (option.StartsWith("--table=", StringComparison.Ordinal))
            {
                table = option["--table=".Length..];
            }
            else if (option == "--list-rules" || (isCluster && option.Contains('S', StringComparison.Ordinal)))
            {
                (listing, chain) = (ShellListing.Rules, next);
            }
            else if (option == "--list" || (isCluster && option.Contains('L', StringComparison.Ordinal)))
            {
                listing = ShellListing.Columns;
            }
        }

        if (listing == ShellListing.None)
        {
            return null;
        }

        left = chain.Length != 0 && listing == ShellListing.Rules ? $"-S {chain}" : left;
        return new(listing, family, listing == ShellListing.Rules && table.Length == 0 ? "filter" : table, left);
    }

    private static ShellCommand? ReadNft(string[] options, string left)
    {
        int list = Array.IndexOf(options, "list");
        if (list < 0)
        {
            return null;
        }

        string what = list + 1 < options.Length ? options[list + 1] : "";
        bool isTerse = options[..list].Any(static option => option == "--terse" || (option is ['-', not '-', ..] && option.Contains('t', StringComparison.Ordinal)));
        left = left.Length != 0 ? left
            : what is "tables" or "chains" or "chain" ? $"nft list {what}"
            : isTerse ? "nft -t"
            : "";
        return new(ShellListing.Nft, null, what == "table" ? options[^1] : "", left);
    }

    /// <summary>What takes lines away from a listing that is passed on; empty if nothing does.</summary>
    private static string LeftBy(string[] words)
    {
        for (int index = 0; index < words.Length; index++)
        {
            if (words[index] != "|")
            {
                continue;
            }

            string[] rest = words[(index + 1)..];
            int end = Array.IndexOf(rest, "|");
            string[] program = end < 0 ? rest : rest[..end];
            string first = program.FirstOrDefault(static word => word != "sudo") ?? "";
            bool isWithoutRemarks = first is "grep" or "egrep" && program.Any(static word => word is "-v" or "-Ev" or "-vE") && program[^1].Trim('\'', '"') is "^#" or "#";
            if (!s_passing.Contains(first) && !isWithoutRemarks)
            {
                return "| " + string.Join(' ', program);
            }
        }

        return "";
    }

    /// <summary>A prompt: a user, a host or a directory, if anything, and a sign.</summary>
    [GeneratedRegex(@"^(\[[^\]]{1,80}\]|[^\s""*:-][^\s""]{0,120})?\s?[$#%\u276f]\s+|^PS [^>]{0,120}>\s+|^(\[[^\]]{1,80}\]|\S{1,80}[@:]\S{0,120}|[~/]\S{0,80} |bash-[0-9.]+)?[$#]$", RegexOptions.ExplicitCapture, MaxMilliseconds)]
    private static partial Regex Prompt();

    [GeneratedRegex("^ip6?tables(-legacy|-nft)?(-save)?$", RegexOptions.ExplicitCapture, MaxMilliseconds)]
    private static partial Regex Tool();
}

/// <summary>The form in which a command lists rules.</summary>
internal enum ShellListing : byte
{
    /// <summary>It lists none.</summary>
    None,

    /// <summary>Of iptables-save.</summary>
    Save,

    /// <summary>Of <c>iptables -S</c>.</summary>
    Rules,

    /// <summary>Of <c>iptables -L</c>.</summary>
    Columns,

    /// <summary>Of <c>nft list</c>.</summary>
    Nft,

    /// <summary>Of <c>ipset save</c> or <c>ipset list</c>, which list sets and no rules.</summary>
    Sets,
}
