namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>Comparing the rules of the kernel with others.</summary>
internal static class KernelRules
{
    /// <summary>
    /// The lines of a table without chains that the expected ones do not have: packets may still be in them, so they are
    /// emptied first and deleted with a later change. That nothing leads to them follows from the rest being equal.
    /// </summary>
    public static IReadOnlyList<string> WithoutForgottenChains(IReadOnlyList<string> actual, IReadOnlyList<string> expected)
    {
        HashSet<string> known = [.. expected.Where(IsChain)];
        string[] forgotten = [.. actual.Where(line => IsChain(line) && !known.Contains(line)).Select(NameOf)];
        return forgotten.Length == 0
            ? actual
            : [.. actual.Where(line => !Array.Exists(forgotten, chain => line.StartsWith($"rule {chain} ", StringComparison.Ordinal) || (IsChain(line) && NameOf(line) == chain)))];
    }

    private static bool IsChain(string line) => line.StartsWith("chain ", StringComparison.Ordinal);

    private static string NameOf(string line)
    {
        const string Name = " name=";
        int start = line.IndexOf(Name, StringComparison.Ordinal) + Name.Length;
        int end = line.IndexOf(' ', start);
        return end < 0 ? line[start..] : line[start..end];
    }
}
