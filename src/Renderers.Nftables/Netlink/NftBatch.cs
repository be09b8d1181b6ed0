using System.Buffers.Binary;
using KubeProxySharp.RuleModel.Model;

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

    /// <summary>nlmsghdr and nfgenmsg.</summary>
    private const int EndLength = 20;

    /// <summary>Where the value of NFNL_BATCH_GENID is: behind the headers of the first message and of the attribute.</summary>
    private const int GenerationOffset = 24;

    private const int InitialLength = 16 * 1024;
    private const int InitialRuleLength = 1024;

    /// <summary>Bytes of a usual element with an endpoint, and of the elements of a usual Service without them.</summary>
    private const int EndpointLength = 44;

    private const int ServiceLength = 200;

    private byte[] _buffer;
    private byte[] _waitingRules = new byte[InitialRuleLength];
    private byte[] _rule = new byte[InitialRuleLength];

    /// <summary>Begins with little memory, for an update.</summary>
    public NftBatch()
        : this(InitialLength)
    {
    }

    private NftBatch(int length) => _buffer = new byte[length];

    /// <summary>
    /// Begins with the memory that the whole table usually needs: to grow to it would leave as much garbage behind, which
    /// stays for some seconds.
    /// </summary>
    public static NftBatch ForAll(FamilyRules rules) =>
        new((int)Math.Min(InitialLength + ((long)rules.EndpointCount * EndpointLength) + ((long)rules.Services.Count * ServiceLength), Array.MaxLength / 2));

    /// <summary>
    /// Begins with the memory for the messages of another batch, to be written once more in such a way that each belongs to
    /// one Service or to none. To know that, and which, takes memory and time that only a refused transaction is worth.
    /// </summary>
    public static NftBatch ByService(NftBatch batch) => new(batch.Length + (batch.Length / 2)) { Owners = new() };

    /// <summary>Which Service each message belongs to; null if one message may have elements of several.</summary>
    public MessageOwners? Owners { get; private init; }

    /// <summary>All messages.</summary>
    public ReadOnlySpan<byte> Messages => _buffer.AsSpan(0, Length);

    /// <summary>All messages but the end: the kernel prepares and checks the transaction, and does not commit it.</summary>
    public ReadOnlySpan<byte> Trial => Messages[..^EndLength];

    /// <summary>Number of messages between the begin and the end.</summary>
    public int Count { get; internal set; }

    /// <summary>Whether there is nothing to be done.</summary>
    public bool IsEmpty => Count == 0;

    internal int Length { get; set; }

    internal bool HasGeneration { get; set; }

    /// <summary>Changes the generation that the batch is meant for.</summary>
    /// <exception cref="InvalidOperationException">It was written for any generation.</exception>
    public void SetGeneration(uint generation)
    {
        if (!HasGeneration)
        {
            throw new InvalidOperationException("the batch is meant for any generation");
        }

        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(GenerationOffset), generation);
    }

    /// <summary>The memory of the messages. MessageWriter replaces an array that is full.</summary>
    internal ref byte[] Buffer => ref _buffer;

    /// <summary>The memory of rules that wait for the end of the table's block.</summary>
    internal ref byte[] WaitingRules => ref _waitingRules;

    /// <summary>The memory of the rule that is being written.</summary>
    internal ref byte[] Rule => ref _rule;
}
