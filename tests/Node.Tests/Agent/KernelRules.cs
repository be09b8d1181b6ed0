using System.Text.RegularExpressions;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>Comparing the rules of the kernel with those of a dry run: what depends on history is left out (docs/nftables.md).</summary>
internal static partial class KernelRules
{
    /// <summary>The lines of rules without the numbers of slots, which endpoints keep while others come and go.</summary>
    public static IReadOnlyList<string> WithoutSlots(IReadOnlyList<string> rules)
    {
        string[] lines = [.. rules.Select(line => Slot().Replace(line, "${frontend}*"))];
        Array.Sort(lines, StringComparer.Ordinal);
        return lines;
    }

    /// <summary>
    /// The lines of a table without chains that the expected ones do not have: packets may still be in them, so they are
    /// deleted with a later change. That nothing leads to them follows from the rest being equal.
    /// </summary>
    public static IReadOnlyList<string> WithoutForgottenChains(IReadOnlyList<string> actual, IReadOnlyList<string> expected)
    {
        HashSet<string> known = [.. expected.Where(IsNftChain)];
        string[] forgotten = [.. actual.Where(line => IsNftChain(line) && !known.Contains(line)).Select(NameOf)];
        return forgotten.Length == 0
            ? actual
            : [.. actual.Where(line => !Array.Exists(forgotten, chain => line.StartsWith($"rule {chain} ", StringComparison.Ordinal) || (IsNftChain(line) && NameOf(line) == chain)))];
    }

    private static bool IsNftChain(string line) => line.StartsWith("chain ", StringComparison.Ordinal);

    private static string NameOf(string line)
    {
        const string Name = " name=";
        int start = line.IndexOf(Name, StringComparison.Ordinal) + Name.Length;
        int end = line.IndexOf(' ', start);
        return end < 0 ? line[start..] : line[start..end];
    }

    [GeneratedRegex("^(?<frontend>elem (tcp|udp|sctp)-[a-z-]*endpoints .*?, )[0-9]+(?=\\]\\}, )", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Slot();
}
