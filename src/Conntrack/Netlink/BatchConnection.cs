using System.Text;

namespace KubeProxySharp.Conntrack.Netlink;

/// <inheritdoc cref="IBatchConnection"/>
/// <param name="socket">The socket, which is closed with this.</param>
public sealed class BatchConnection(NetlinkSocket socket) : IBatchConnection
{
    /// <summary>Room for the refusals of some thousand messages; they are dropped when there is no more.</summary>
    private const int ReceiveBufferLength = 4 * 1024 * 1024;

    // A refusal may repeat its request, of which an attribute alone can have 64 kB.
    private readonly byte[] _buffer = new byte[2 * NetlinkConnection.LongestDatagram];
    private int _sendBufferLength;

    /// <inheritdoc/>
    public int Port => socket.Port;

    /// <summary>Connects to the network namespace of this thread; if that fails, the result of <see cref="Send"/> says why.</summary>
    public static BatchConnection Open()
    {
        NetlinkSocket socket = NetlinkSocket.Open();
        _ = socket.TryExplainErrors();
        socket.GrowReceiveBuffer(ReceiveBufferLength);
        return new(socket);
    }

    /// <inheritdoc/>
    public BatchResult Send(ReadOnlySpan<byte> batch)
    {
        if (batch.Length > _sendBufferLength)
        {
            // The kernel takes what is shorter than the buffer (netlink_sendmsg), which it makes twice as long as asked for.
            socket.GrowSendBuffer(batch.Length);
            _sendBufferLength = batch.Length;
        }

        List<BatchRefusal> refusals = [];
        int error = socket.Send(batch);
        bool isIncomplete = error == 0 && !TryReadRefusals(refusals);
        return new(error, refusals, isIncomplete);
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    /// <summary>Reads what waits: a kernel that carried everything out says nothing.</summary>
    /// <returns>Whether nothing was lost.</returns>
    private bool TryReadRefusals(List<BatchRefusal> refusals)
    {
        bool isComplete = true;
        while (true)
        {
            int length = socket.ReceiveWaiting(_buffer, out int error);
            switch (error)
            {
                case 0 when length == 0:
                    return false; // the other end is closed, as the kernel's never is
                case 0:
                    Read(_buffer.AsSpan(0, Math.Min(length, _buffer.Length)), refusals);
                    break;
                case Errno.TryAgain:
                    return isComplete;
                case Errno.Interrupted:
                    break;
                case Errno.NoBuffers:
                    isComplete = false;
                    break;
                default:
                    return false;
            }
        }
    }

    private static void Read(ReadOnlySpan<byte> datagram, List<BatchRefusal> refusals)
    {
        MessageReader reader = new(datagram);
        while (reader.TryRead(out NetlinkMessage message))
        {
            if (message.Type == NetlinkHeader.Error && message.ToError() != 0)
            {
                NetlinkError refusal = new(message);
                refusals.Add(new(refusal.Sequence, refusal.Number, (int)refusal.Offset, Encoding.UTF8.GetString(refusal.Text)));
            }
        }
    }
}

/// <summary>What became of a batch.</summary>
/// <param name="Error">The errno if the kernel did not look at it: EMSGSIZE if it is longer than the socket may send, ENOBUFS if there is no memory; 0 if it did.</param>
/// <param name="Refusals">The messages that it refuses. With any, nothing was carried out.</param>
/// <param name="IsIncomplete">Whether there are more that are not known.</param>
public sealed record BatchResult(int Error, IReadOnlyList<BatchRefusal> Refusals, bool IsIncomplete)
{
    /// <summary>Whether everything was carried out.</summary>
    public bool IsApplied => Error == 0 && Refusals.Count == 0 && !IsIncomplete;
}

/// <summary>A message that the kernel refuses.</summary>
/// <param name="Sequence">Its sequence number; that of NFNL_MSG_BATCH_BEGIN if the transaction as a whole is refused.</param>
/// <param name="Error">The errno.</param>
/// <param name="Offset">Where in the message the attribute is that the kernel does not accept, in bytes from its header; 0 if it does not say.</param>
/// <param name="Text">The kernel's explanation; empty if it has none.</param>
public readonly record struct BatchRefusal(uint Sequence, int Error, int Offset, string Text);
