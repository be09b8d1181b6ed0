using System.Globalization;
using System.Text.RegularExpressions;

namespace KubeProxySharp.Golden.Tests;

/// <summary>Damages rules and elements of the script that loads our table.</summary>
internal static partial class ScriptMutator
{
    private static readonly string[] s_kinds = ["dropped rule", "dropped element", "slots", "port", "mark", "address", "order", "target", "seconds"];

    /// <summary>Changes one thing; the kind goes round so that each comes as often.</summary>
    public static Mutation Mutate(string text, Random random, int number)
    {
        string[] lines = text.Split('\n');
        for (int attempt = 0; ; attempt++)
        {
            string kind = s_kinds[(number + (attempt / 50)) % s_kinds.Length];
            int at = random.Next(lines.Length);
            string[] changed = [.. lines];
            if (TryChange(kind, changed, at, random) && !changed.SequenceEqual(lines))
            {
                return new(kind, lines[at].Length > 300 ? lines[at][..300] : lines[at], string.Join('\n', changed));
            }
        }
    }

    private static bool TryChange(string kind, string[] lines, int at, Random random)
    {
        ref string line = ref lines[at];
        bool isRule = IsBodyOfChain(line) || (line.StartsWith("add rule ", StringComparison.Ordinal) && IsUsed(lines, line));
        bool isElement = line.StartsWith("add element ", StringComparison.Ordinal);
        switch (kind)
        {
            case "dropped rule" when isRule:
                line = "";
                return true;
            case "dropped element" when isElement:
                line = Drop(line, random);
                return true;
            case "slots" when isRule:
                return Replace(ref line, Slots(), random, static (value, _) => $"{value + 1}");
            case "port" when isElement:
                return Replace(ref line, Port(), random, static (value, random) => $"{value ^ (1 << random.Next(10))}");
            case "mark" when isRule:
                return Replace(ref line, Mark(), random, static (value, _) => $"0x{value ^ 0xC000:x8}");
            case "address" when isRule || isElement:
                return Replace(ref line, Address(), random, static (value, _) => value == 1 ? "2" : "1");
            case "seconds" when isRule:
                return Replace(ref line, Seconds(), random, static (value, _) => $"{value + 60}");
            case "target" when isRule || isElement:
                return Replace(ref line, Target(), random, static (_, random) => random.Next(2) == 0 ? "drop" : "return");
            case "order" when isRule && at + 1 < lines.Length && ChainOf(line) is { } chain && ChainOf(lines[at + 1]) == chain && !IsOfProtocol(line):
                (lines[at], lines[at + 1]) = (lines[at + 1], lines[at]);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Rules of a chain that is written over several lines.</summary>
    private static bool IsBodyOfChain(string line) =>
        line.StartsWith("ip", StringComparison.Ordinal) || line.StartsWith("meta ", StringComparison.Ordinal) || line.StartsWith("ct ", StringComparison.Ordinal);

    private static string? ChainOf(string line)
    {
        Match match = AddedRule().Match(line);
        return match.Success ? match.Groups["it"].Value : null;
    }

    /// <summary>Whether anything leads to a rule's chain, and to its map. All group chains have a rule for each protocol.</summary>
    private static bool IsUsed(string[] lines, string rule)
    {
        string chain = $"goto {ChainOf(rule)}";
        string map = rule.Contains(" map @", StringComparison.Ordinal) ? $" kube-proxy {rule[(rule.IndexOf(" map @", StringComparison.Ordinal) + 6)..]} {{ " : "";
        return lines.Any(line => line.Contains(chain + ",", StringComparison.Ordinal) || line.Contains(chain + " ", StringComparison.Ordinal) || line.EndsWith(chain, StringComparison.Ordinal))
            && Array.Exists(lines, line => line.StartsWith("add element ", StringComparison.Ordinal) && line.Contains(map, StringComparison.Ordinal));
    }

    /// <summary>The rules of a group for the protocols can stand in any order.</summary>
    private static bool IsOfProtocol(string line) => line.Contains(" dnat ip", StringComparison.Ordinal);

    private static string Drop(string line, Random random)
    {
        int begin = line.IndexOf("{ ", StringComparison.Ordinal) + 2;
        List<string> elements = [.. line[begin..line.LastIndexOf(" }", StringComparison.Ordinal)].Split(", ")];
        elements.RemoveAt(random.Next(elements.Count));
        return elements.Count == 0 ? "" : $"{line[..begin]}{string.Join(", ", elements)} }}";
    }

    private static bool Replace(ref string line, Regex pattern, Random random, Func<int, Random, string> change)
    {
        MatchCollection matches = pattern.Matches(line);
        if (matches.Count == 0)
        {
            return false;
        }

        Group found = matches[random.Next(matches.Count)].Groups["it"];
        int value = found.Value.StartsWith("0x", StringComparison.Ordinal) ? int.Parse(found.ValueSpan[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : int.TryParse(found.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0; // a verdict
        line = line[..found.Index] + change(value, random) + line[(found.Index + found.Length)..];
        return true;
    }

    [GeneratedRegex("^add rule [^ ]+ [^ ]+ (?<it>[^ ]+) ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex AddedRule();

    [GeneratedRegex("numgen random mod (?<it>[0-9]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Slots();

    /// <summary>In a key, or where an element leads to.</summary>
    [GeneratedRegex("(tcp|udp|sctp|: [0-9a-f.:]+) \\. (?<it>[0-9]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Port();

    [GeneratedRegex("(?<it>0x[0-9a-f]{8})", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Mark();

    /// <summary>The last digit of an address that is no prefix.</summary>
    [GeneratedRegex("[0-9]+(\\.[0-9]+){2}\\.[0-9]*(?<it>[0-9])(?![0-9./])|[0-9a-f]*:[0-9a-f:]*(?<it>[0-9])(?![0-9a-f:/])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Address();

    [GeneratedRegex("timeout (?<it>[0-9]+)s", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Seconds();

    [GeneratedRegex("(?<it>(goto|jump) [^ ,;]+|reject)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Target();
}
