using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Proxy.Agent.Apply.Listing;

/// <summary>
/// Reads the number of the last commit of nftables rules, once it is finished. The kernel counts a commit before it
/// takes effect, so that the number alone can be that of one whose objects are only partly visible to a listing.
/// </summary>
internal sealed class FinishedCommits : IDisposable
{
    private readonly GenerationQuery _query = new();
    private readonly NetlinkConnection _kernel = new(NetlinkSocket.Open(), 0); // nothing is answered

    /// <summary>
    /// The number of the last commit, which is finished; null if the kernel does not answer. A listing made between two
    /// equal answers shows one state of all rules.
    /// </summary>
    public uint? Last()
    {
        if (_query.Ask(out _) is not { } last)
        {
            return null;
        }

        // An empty transaction changes nothing and is not counted, but it waits until the one under way has ended.
        MessageWriter batch = _kernel.Begin(NetlinkHeader.BatchBegin, resource: NftMessage.Subsystem);
        batch.End();
        batch.Begin(NetlinkHeader.BatchEnd, 0, 0, resource: NftMessage.Subsystem);
        return _kernel.Send(batch) == 0 ? last.Number : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _query.Dispose();
        _kernel.Dispose();
    }
}
