using System.Globalization;
using System.Text.RegularExpressions;

namespace KubeProxySharp.Golden.Tests;

/// <summary>Damages rules as iptables-save lists them.</summary>
internal static partial class IptablesMutator
{
    private static readonly string[] s_kinds = ["dropped rule", "probability", "port", "mark", "address", "order", "target", "seconds"];

    /// <summary>Changes one rule; the kind goes round so that each comes as often.</summary>
    public static Mutation Mutate(string text, Random random, int number)
    {
        string[] lines = text.Split('\n');
        for (int attempt = 0; ; attempt++)
        {
            string kind = s_kinds[(number + (attempt / 20)) % s_kinds.Length];
            int at = random.Next(lines.Length);
            if (lines[at].StartsWith("-A ", StringComparison.Ordinal) && Change(kind, lines, at, random) is { } changed)
            {
                return new(kind, lines[at], string.Join('\n', changed));
            }
        }
    }

    private static string[]? Change(string kind, string[] lines, int at, Random random)
    {
        string line = lines[at];
        string? other = kind switch
        {
            "dropped rule" => "",
            "probability" => Replace(line, Probability(), value => (double.Parse(value, CultureInfo.InvariantCulture) * (random.Next(2) == 0 ? 0.9 : 0.5)).ToString("0.00000000000", CultureInfo.InvariantCulture)),
            "port" => Replace(line, Port(), value => $"{int.Parse(value, CultureInfo.InvariantCulture) ^ (1 << random.Next(10))}"),
            "mark" => Replace(line, Mark(), _ => "0x8000"),
            "address" => Replace(line, Address(), value => Flip(value, random)),
            "seconds" => Replace(line, Seconds(), value => $"{int.Parse(value, CultureInfo.InvariantCulture) + 60}"),
            "target" => Replace(line, Target(), _ => random.Next(2) == 0 ? "DROP" : "RETURN"),
            _ => null,
        };
        if (kind == "order")
        {
            // Rules of one chain where the order is likely to matter.
            string chain = line.Split(' ')[1];
            bool isNext = at + 1 < lines.Length && lines[at + 1].StartsWith($"-A {chain} ", StringComparison.Ordinal);
            if (!isNext || chain is "INPUT" or "FORWARD" or "OUTPUT" or "KUBE-SERVICES" or "KUBE-NODEPORTS" or "KUBE-EXTERNAL-SERVICES" or "KUBE-PROXY-FIREWALL" || lines[at + 1] == line)
            {
                return null;
            }

            string[] swapped = [.. lines];
            (swapped[at], swapped[at + 1]) = (swapped[at + 1], swapped[at]);
            return swapped;
        }

        if (other is null || other == line)
        {
            return null;
        }

        string[] changed = [.. lines];
        changed[at] = other;
        return changed;
    }

    private static string? Replace(string line, Regex pattern, Func<string, string> change)
    {
        Match match = pattern.Match(line);
        return match.Success ? $"{line[..match.Groups[1].Index]}{change(match.Groups[1].Value)}{line[(match.Groups[1].Index + match.Groups[1].Length)..]}" : null;
    }

    /// <summary>Another address of the same kind: the last digit changes.</summary>
    private static string Flip(string address, Random random)
    {
        char last = address[^1];
        char other;
        do
        {
            other = (char)('1' + random.Next(9));
        }
        while (other == last);

        return address[..^1] + other;
    }

    [GeneratedRegex("--probability (?<1>[0-9.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Probability();

    [GeneratedRegex("--dport (?<1>[0-9]+)|--to-destination [^ ]+:(?<1>[0-9]+)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Port();

    [GeneratedRegex("--(?:set-x)?mark (?<1>0x[0-9a-f]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Mark();

    [GeneratedRegex("-[sd] (?<1>[0-9a-f.:]*[1-9])/(?:32|128)|--to-destination \\[?(?<1>[0-9a-f.:]*[1-9])\\]?:[0-9]+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Address();

    [GeneratedRegex("--seconds (?<1>[0-9]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Seconds();

    [GeneratedRegex("-j (?<1>KUBE-(?:SVC|SVL|EXT|SEP|FW)-[A-Z0-9]+|KUBE-MARK-MASQ|REJECT)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Target();
}
