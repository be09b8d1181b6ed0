namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>
/// Sends transactions to netfilter, each a batch of messages in one call: the kernel carries out all of it or nothing, and
/// has done so, and said what it refuses, when the call returns. One thread at a time may use it.
/// </summary>
public interface IBatchConnection : IDisposable
{
    /// <summary>The port id of the socket, which messages about what it commits bear; 0 if it is not open.</summary>
    int Port { get; }

    /// <summary>Has the kernel carry out a transaction.</summary>
    /// <param name="batch">Messages from NFNL_MSG_BATCH_BEGIN to NFNL_MSG_BATCH_END.</param>
    /// <exception cref="NetlinkException">An answer cannot be read. Whether the transaction was carried out is not known then.</exception>
    BatchResult Send(ReadOnlySpan<byte> batch);
}
