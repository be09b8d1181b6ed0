using KubeProxySharp.Proxy.Agent.Apply.Listing;

namespace KubeProxySharp.Testing;

/// <summary>
/// Looks at rules while others change them. A listing that was made while somebody committed may show a part of the old rules
/// and a part of the new ones, which were never in force together, so it is made again.
/// </summary>
public static class SteadyRules
{
    private const int MostTries = 500;

    /// <summary>Looks, in the network namespace of this thread.</summary>
    /// <param name="look">Lists rules or asks for some.</param>
    public static T Read<T>(Func<T> look)
    {
        using FinishedCommits commits = new();
        uint? before = commits.Last() ?? throw new InvalidOperationException("the kernel does not tell the number of the last commit");
        for (int tries = 0; tries < MostTries; tries++)
        {
            T seen = look();
            uint? after = commits.Last();
            if (before == after)
            {
                return seen;
            }

            before = after;
        }

        throw new TimeoutException($"the rules changed each of the {MostTries} times they were looked at");
    }

    /// <summary>
    /// Lists rules of iptables. The legacy variant first asks which tables there are, and is told of one twice when another is
    /// made meanwhile; then it lists again.
    /// </summary>
    /// <param name="list">Runs iptables-save or its like, in the network namespace of this thread.</param>
    public static string List(Func<string> list)
    {
        for (int tries = 0; tries < MostTries; tries++)
        {
            string listing = Read(list);
            string[] tables = [.. listing.Split('\n').Where(line => line.StartsWith('*'))];
            if (tables.Distinct(StringComparer.Ordinal).Count() == tables.Length)
            {
                return listing;
            }
        }

        throw new TimeoutException($"a table was listed twice each of {MostTries} times");
    }
}
