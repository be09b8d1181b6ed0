using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// Writes the table with netlink messages, without the program nft. The kernel carries out a transaction inside the call that
/// sends it, and names each message that it refuses, but of the elements in a message only the first. So what it refused is
/// written and sent once more in messages of single Services.
/// </summary>
/// <param name="family">The family.</param>
/// <param name="connect">Opens the connection to the kernel of the table.</param>
/// <param name="options">What the kernel and the nft of the host, which may list the table, can do.</param>
/// <param name="time">The clock of the figures.</param>
/// <param name="opened">Receives the netlink port of the socket, once it is open; returns what is told of commits, and is disposed before the port is closed.</param>
internal sealed class NftNetlinkWriter(IpFamily family, Func<IBatchConnection> connect, NftablesOptions options, TimeProvider time, Func<int, IOwnPort> opened) : INftablesWriter, IDisposable
{
    /// <summary>How often a transaction is sent again because something else was committed between reading and sending.</summary>
    private const int MostConfirmations = 20;

    /// <summary>The largest batch whose memory is kept for the next update, in bytes.</summary>
    private const int MostKept = 256 * 1024;

    private NftBatch _update = new();
    private IBatchConnection? _kernel;
    private IOwnPort? _port;

    /// <inheritdoc/>
    public ApplyFigures? Figures { get; private set; }

    /// <inheritdoc/>
    public Task<ApplyResult> WriteFullAsync(FamilyRules rules, CancellationToken cancellation)
    {
        void Write(NftBatch batch) => NftablesRenderer.WriteFull(rules, options, batch);
        return CommitAsync(NftBatch.ForAll(rules), Write, cancellation);
    }

    /// <inheritdoc/>
    public async Task<ApplyResult> WriteReplacementAsync(FamilyRules rules, NftTableContent existing, Func<Task<uint?>> confirm, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        NftBatch batch = NftBatch.ForAll(rules);
        NftablesRenderer.WriteReplacement(rules, existing, options, batch, generation: 0); // set when it is sent
        long rendered = time.GetTimestamp();
        ApplyResult result = await SendConfirmedAsync(batch, confirm, cancellation);
        Figures = new(batch.Messages.Length, time.GetElapsedTime(start, rendered), time.GetElapsedTime(rendered));
        return result;
    }

    /// <inheritdoc/>
    public Task<ApplyResult> WriteUpdateAsync(FamilyChange change, CancellationToken cancellation)
    {
        void Write(NftBatch batch) => NftablesRenderer.WriteUpdate(change, options, batch);
        return CommitAsync(TakeUpdate(), Write, cancellation);
    }

    /// <inheritdoc/>
    public Task<ApplyResult> DeleteChainsAsync(IReadOnlyList<string> chains, CancellationToken cancellation)
    {
        void Write(NftBatch batch) => NftablesRenderer.WriteCleanUp(family, chains, batch);
        return CommitAsync(TakeUpdate(), Write, cancellation);
    }

    /// <inheritdoc/>
    public Task<ApplyResult> RemoveCountersAsync(IReadOnlyList<CountedElement> elements, CancellationToken cancellation)
    {
        void Write(NftBatch batch) => NftablesRenderer.WriteCounterCleanUp(family, elements, batch);
        return CommitAsync(TakeUpdate(), Write, cancellation);
    }

    /// <inheritdoc/>
    public Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation)
    {
        void Write(NftBatch batch) => NftablesRenderer.WriteFull(rules, options, batch);
        NftBatch batch = NftBatch.ForAll(rules);
        Write(batch);
        return Task.Run(() => Send(batch, Write, isTrial: true), cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _port?.Dispose();
        _kernel?.Dispose();
    }

    private IBatchConnection Kernel
    {
        get
        {
            if (_kernel is null)
            {
                _kernel = connect();
                _port = opened(_kernel.Port);
            }

            return _kernel;
        }
    }

    /// <summary>The batch of the last update, whose memory is used again unless that was a large one.</summary>
    private NftBatch TakeUpdate() => _update = _update.Messages.Length > MostKept ? new NftBatch() : _update;

    /// <summary>Writes a batch, and sends it on a thread of the pool: the kernel may need seconds for a large table.</summary>
    private async Task<ApplyResult> CommitAsync(NftBatch batch, Action<NftBatch> write, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        write(batch);
        long rendered = time.GetTimestamp();
        ApplyResult result = batch.IsEmpty ? ApplyResult.Applied : await Task.Run(() => Send(batch, write, isTrial: false), cancellation);
        Figures = new(batch.Messages.Length, time.GetElapsedTime(start, rendered), time.GetElapsedTime(rendered));
        return result;
    }

    /// <summary>Sends a batch; if messages are refused once more in such a way that it is known which Services they belong to.</summary>
    private ApplyResult Send(NftBatch batch, Action<NftBatch> write, bool isTrial)
    {
        BatchResult result = Send(batch, isTrial);
        if (!NftBatchAnswer.RefusesMessages(result))
        {
            return NftBatchAnswer.Read(result, batch);
        }

        NftBatch byService = NftBatch.ByService(batch);
        write(byService);
        BatchResult again = Send(byService, isTrial);

        // It is longer: without CAP_NET_ADMIN in the first user namespace it may be too long for the socket.
        return again.Error == Errno.MessageTooLong ? NftBatchAnswer.Read(result, batch) : NftBatchAnswer.Read(again, byService);
    }

    private BatchResult Send(NftBatch batch, bool isTrial)
    {
        BatchResult result = Kernel.Send(isTrial ? batch.Trial : batch.Messages);
        if (result.IsApplied && !isTrial)
        {
            _port!.Committed(); // there is one once there is a connection
        }

        return result;
    }

    /// <summary>
    /// Sends a batch that is meant for what was read, as often as others commit meanwhile to other tables. If it is
    /// refused, it is not asked why: the table is then made anew, and what is wrong with the rules is refused there too.
    /// </summary>
    private async Task<ApplyResult> SendConfirmedAsync(NftBatch batch, Func<Task<uint?>> confirm, CancellationToken cancellation)
    {
        for (int tries = 0; tries < MostConfirmations; tries++)
        {
            if (await confirm() is not { } generation)
            {
                return new(ApplyOutcome.Refused, "the table changed while the transaction was made");
            }

            batch.SetGeneration(generation);
            BatchResult result = await Task.Run(() => Send(batch, isTrial: false), cancellation);
            if (!result.Refusals.Any(static refusal => refusal.Error == Errno.Restart))
            {
                return NftBatchAnswer.Read(result, batch);
            }
        }

        return new(ApplyOutcome.Unavailable, "rules were committed by others each time the transaction was sent");
    }
}
