using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Agent.Apply.Listing;

/// <summary>
/// Reads rules so that what is read is the state of one moment. iptables-nft-save asks the kernel for one kind of object
/// after the other: what it prints while somebody commits can lack chains, or have some twice.
/// </summary>
internal static class ConsistentListing
{
    /// <summary>How often rules are read until that is given up.</summary>
    public const int MostTries = 10;

    /// <summary>Reads until nothing was committed meanwhile, or two readings were the same.</summary>
    /// <param name="network">Where the rules are.</param>
    /// <param name="read">Reads them.</param>
    /// <param name="areSame">Whether two readings say the same; torn ones do not do so twice.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>
    /// The last reading, whether it is of one moment, and the number of the last commit then; null if that is not known.
    /// </returns>
    public static async Task<(T Reading, bool IsSteady, uint? Commit)> ReadAsync<T>(
        INetworkNamespace network, Func<CancellationToken, Task<T>> read, Func<T, T, bool> areSame, CancellationToken cancellation)
    {
        using FinishedCommits commits = network.Run(static () => new FinishedCommits());
        return await ReadAsync(commits.Last, read, areSame, cancellation);
    }

    /// <summary>Reads with any way to number commits.</summary>
    /// <param name="lastCommit">The number of the last commit, which is finished; null if that cannot be known.</param>
    /// <param name="read">Reads the rules.</param>
    /// <param name="areSame">Whether two readings say the same.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<(T Reading, bool IsSteady, uint? Commit)> ReadAsync<T>(
        Func<uint?> lastCommit, Func<CancellationToken, Task<T>> read, Func<T, T, bool> areSame, CancellationToken cancellation)
    {
        uint? before = lastCommit();
        T reading = await read(cancellation);
        for (int tries = 1; ; tries++)
        {
            uint? after = lastCommit();
            if (before is not null && before == after)
            {
                return (reading, true, after);
            }

            if (tries == MostTries)
            {
                return (reading, false, null);
            }

            before = after;
            T next = await read(cancellation);
            if (areSame(reading, next))
            {
                return (next, true, null);
            }

            reading = next;
        }
    }
}
