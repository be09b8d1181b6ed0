using KubeProxySharp.Proxy.Agent.Apply.Listing;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>
/// Attributes commits to us or to others: by the netlink port where it is that of a socket of ours, by the process where the
/// kernel's numbers are ours, else by the port (which is the process number inside the container) of those made while we
/// applied rules.
/// </summary>
/// <param name="applies">What we do ourselves.</param>
/// <param name="windows">When we did it.</param>
/// <param name="seesKernelsNumbers">Whether the kernel's process numbers are those we see.</param>
internal sealed class CommitAttribution(OwnTransactions applies, ApplyIntervals windows, bool seesKernelsNumbers)
{
    /// <summary>Who made the commit.</summary>
    public CommitOrigin Attribute(Generation commit)
    {
        if (applies.OwnsPort(commit.Port) || (seesKernelsNumbers && applies.IsOwn(commit.Process)))
        {
            return CommitOrigin.Own;
        }

        CommitTiming timing = windows.Find(commit.Number);
        if (timing == CommitTiming.Outside)
        {
            return CommitOrigin.Foreign;
        }

        if (!seesKernelsNumbers && applies.IsOwn(commit.Port))
        {
            return CommitOrigin.Own;
        }

        // A process can commit before its number has been reported.
        if (timing == CommitTiming.Open)
        {
            return CommitOrigin.Undecided;
        }

        // A negative port says nothing: the kernel gives it to a process whose number is taken as a port already, and to
        // each further socket of one process.
        return !applies.KnowsOwnCommits ? CommitOrigin.Own
            : !seesKernelsNumbers && commit.Port < 0 ? CommitOrigin.Unknown
            : CommitOrigin.Foreign;
    }
}
