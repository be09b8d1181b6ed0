using KubeProxySharp.Proxy.Agent.Apply.Listing;

namespace KubeProxySharp.Testing;

/// <summary>
/// Lists rules while other programs change them. A listing during a commit may contain a part of the old rules and a part of
/// the new ones, which were never in force together, so it is repeated.
/// </summary>
public static class ConsistentRules
{
    private const int MaxAttempts = 500;

    /// <summary>Calls a function until no commit occurred during it, in the network namespace of this thread.</summary>
    /// <param name="look">Lists rules.</param>
    public static T Read<T>(Func<T> look)
    {
        using FinishedCommits commits = new();
        uint? before = commits.Last() ?? throw new InvalidOperationException("the kernel does not report the number of the last commit");
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            T seen = look();
            uint? after = commits.Last();
            if (before == after)
            {
                return seen;
            }

            before = after;
        }

        throw new TimeoutException($"the rules changed during each of {MaxAttempts} listings");
    }

    /// <summary>
    /// Lists iptables rules. The legacy variant first lists the tables, and gets one of them twice when another is created
    /// meanwhile; the listing is then repeated.
    /// </summary>
    /// <param name="list">Runs iptables-save or its like, in the network namespace of this thread.</param>
    public static string List(Func<string> list)
    {
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            string listing = Read(list);
            string[] tables = [.. listing.Split('\n').Where(line => line.StartsWith('*'))];
            if (tables.Distinct(StringComparer.Ordinal).Count() == tables.Length)
            {
                return listing;
            }
        }

        throw new TimeoutException($"a table was listed twice in each of {MaxAttempts} attempts");
    }
}
