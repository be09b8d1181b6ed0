namespace KubeProxySharp.Renderers.Nftables.Netlink;

/// <summary>
/// A transaction as the messages that the kernel takes (NFNL_MSG_BATCH_BEGIN to NFNL_MSG_BATCH_END), with its memory, which
/// the next one uses again. Messages are numbered from <see cref="FirstSequence"/> on; the kernel names one that it refuses by
/// that number.
/// </summary>
public sealed class NftBatch
{
    /// <summary>The sequence number of the message that begins the batch: a refused generation bears it.</summary>
    public const uint FirstSequence = 1;

    private const int InitialLength = 16 * 1024;
    private const int InitialRuleLength = 1024;

    private byte[] _buffer = new byte[InitialLength];
    private byte[] _waitingRules = new byte[InitialRuleLength];
    private byte[] _rule = new byte[InitialRuleLength];

    /// <summary>All messages.</summary>
    public ReadOnlySpan<byte> Messages => _buffer.AsSpan(0, Length);

    /// <summary>Number of messages between the begin and the end.</summary>
    public int Count { get; internal set; }

    /// <summary>Whether there is nothing to be done.</summary>
    public bool IsEmpty => Count == 0;

    internal int Length { get; set; }

    /// <summary>The memory of the messages. MessageWriter replaces an array that is full.</summary>
    internal ref byte[] Buffer => ref _buffer;

    /// <summary>The memory of rules that wait for the end of the table's block.</summary>
    internal ref byte[] WaitingRules => ref _waitingRules;

    /// <summary>The memory of the rule that is being written.</summary>
    internal ref byte[] Rule => ref _rule;
}
