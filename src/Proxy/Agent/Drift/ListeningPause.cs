using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply.Listing;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>
/// Stops listening to changes of rules during a large transaction of ours: as long as anybody listens, the kernel writes a
/// message about each object and element, which takes more than half as long as the transaction itself. Whether others committed
/// meanwhile is known from the numbers of commits: each of them counts one.
/// </summary>
/// <param name="socket">The socket that listens.</param>
/// <param name="applies">Counts our commits.</param>
internal sealed class ListeningPause(NetlinkSocket socket, OwnTransactions applies) : IDisposable
{
    /// <summary>NFNLGRP_NFTABLES of linux/netfilter/nfnetlink.h.</summary>
    public const int Group = 7;

    private readonly FinishedCommits _finished = new();
    private readonly GenerationQuery _query = new();
    private readonly Lock _lock = new();
    private volatile bool _isOverdue;
    private (uint Last, long Own)? _before;

    /// <summary>Whether it goes on although it should have ended, because the kernel did not let the socket join again: <see cref="End"/> tries that once more.</summary>
    public bool IsOverdue => _isOverdue;

    /// <summary>Begins, unless it goes on already or the kernel does not number commits.</summary>
    public void Begin()
    {
        // A commit is numbered before messages about it are sent, so this one must be finished. Ours after it count as those of
        // others until they are counted: that leads to a look too many, never to one too few.
        lock (_lock)
        {
            if (_before is null && _finished.Last() is { } last)
            {
                long own = applies.Commits;
                _before = socket.Leave(Group) == 0 ? (last, own) : null;
            }
        }
    }

    /// <summary>Ends.</summary>
    /// <returns>Whether others may have committed meanwhile.</returns>
    public bool End()
    {
        lock (_lock)
        {
            if (_before is not { } before)
            {
                return false;
            }

            _isOverdue = socket.Join(Group) != 0;
            if (_isOverdue)
            {
                return true;
            }

            _before = null;
            long own = applies.Commits;
            return _query.Ask(out _) is not { } now || now.Number - before.Last != own - before.Own;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _finished.Dispose();
        _query.Dispose();
    }
}
