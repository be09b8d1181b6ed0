using System.Globalization;
using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// Writes the table with netlink messages, without the program nft. The kernel carries out a transaction inside the call that
/// sends it, and names each message that it refuses.
/// </summary>
/// <param name="family">The family.</param>
/// <param name="network">Where the table is.</param>
/// <param name="options">What the kernel and the nft of the host, which may list the table, can do.</param>
/// <param name="time">The clock of the figures.</param>
/// <param name="opened">Receives the netlink port of the socket, once it is open; returns what is disposed before that is closed.</param>
internal sealed class NftNetlinkWriter(IpFamily family, INetworkNamespace network, NftablesOptions options, TimeProvider time, Func<int, IDisposable> opened) : INftablesWriter, IDisposable
{
    /// <summary>How often a transaction is sent again because something else was committed between reading and sending.</summary>
    private const int MostConfirmations = 20;

    /// <summary>The most refusals that are looked up and named: more are found when these are left out.</summary>
    private const int MostComplaints = 1000;

    /// <summary>The most refusals that an error message shows.</summary>
    private const int MostShown = 4;

    /// <summary>The largest batch whose memory is kept for the next update, in bytes.</summary>
    private const int MostKept = 256 * 1024;

    private NftBatch _update = new();
    private BatchConnection? _kernel;
    private IDisposable? _port;

    /// <inheritdoc/>
    public ApplyFigures? Figures { get; private set; }

    /// <inheritdoc/>
    public Task<ApplyResult> WriteFullAsync(FamilyRules rules, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        NftBatch batch = NftBatch.ForAll(rules);
        NftablesRenderer.WriteFull(rules, options, batch);
        return CommitAsync(batch, start, confirm: null, cancellation);
    }

    /// <inheritdoc/>
    public Task<ApplyResult> WriteReplacementAsync(FamilyRules rules, NftTableContent existing, Func<Task<uint?>> confirm, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        NftBatch batch = NftBatch.ForAll(rules);
        NftablesRenderer.WriteReplacement(rules, existing, options, batch, generation: 0); // set when it is sent
        return CommitAsync(batch, start, confirm, cancellation);
    }

    /// <inheritdoc/>
    public Task<ApplyResult> WriteUpdateAsync(FamilyChange change, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        NftBatch batch = TakeUpdate();
        NftablesRenderer.WriteUpdate(change, options, batch);
        return CommitAsync(batch, start, confirm: null, cancellation);
    }

    /// <inheritdoc/>
    public Task<ApplyResult> DeleteChainsAsync(IReadOnlyList<string> chains, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        NftBatch batch = TakeUpdate();
        NftablesRenderer.WriteCleanUp(family, chains, batch);
        return CommitAsync(batch, start, confirm: null, cancellation);
    }

    /// <inheritdoc/>
    public Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation)
    {
        NftBatch batch = NftBatch.ForAll(rules);
        NftablesRenderer.WriteFull(rules, options, batch);
        return Task.Run(() => Read(Kernel.Send(batch.Trial), batch), cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _port?.Dispose();
        _kernel?.Dispose();
    }

    private BatchConnection Kernel
    {
        get
        {
            if (_kernel is null)
            {
                _kernel = network.Run(BatchConnection.Open);
                _port = opened(_kernel.Port);
            }

            return _kernel;
        }
    }

    /// <summary>The batch of the last update, whose memory is used again unless that was a large one.</summary>
    private NftBatch TakeUpdate() => _update = _update.Messages.Length > MostKept ? new NftBatch() : _update;

    /// <summary>Sends a batch on a thread of the pool: the kernel may need seconds for a large table.</summary>
    private async Task<ApplyResult> CommitAsync(NftBatch batch, long start, Func<Task<uint?>>? confirm, CancellationToken cancellation)
    {
        long rendered = time.GetTimestamp();
        ApplyResult result = batch.IsEmpty ? ApplyResult.Applied
            : confirm is null ? await Task.Run(() => Read(Kernel.Send(batch.Messages), batch), cancellation)
            : await SendConfirmedAsync(batch, confirm, cancellation);
        Figures = new(batch.Messages.Length, time.GetElapsedTime(start, rendered), time.GetElapsedTime(rendered));
        return result;
    }

    /// <summary>Sends a batch that is meant for what was read, as often as others commit meanwhile to other tables.</summary>
    private async Task<ApplyResult> SendConfirmedAsync(NftBatch batch, Func<Task<uint?>> confirm, CancellationToken cancellation)
    {
        for (int tries = 0; tries < MostConfirmations; tries++)
        {
            if (await confirm() is not { } generation)
            {
                return new(ApplyOutcome.Refused, "the table changed while the transaction was made");
            }

            batch.SetGeneration(generation);
            BatchResult result = await Task.Run(() => Kernel.Send(batch.Messages), cancellation);
            if (!result.Refusals.Any(static refusal => refusal.Error == Errno.Restart))
            {
                return Read(result, batch);
            }
        }

        return new(ApplyOutcome.Unavailable, "rules were committed by others each time the transaction was sent");
    }

    private static ApplyResult Read(BatchResult result, NftBatch batch)
    {
        if (result.IsApplied)
        {
            return ApplyResult.Applied;
        }

        if (result.Error != 0)
        {
            string remedy = result.Error == Errno.MessageTooLong
                ? "; without CAP_NET_ADMIN in the first user namespace it can be as long as net.core.wmem_max permits"
                : "";
            return new(ApplyOutcome.Unavailable, $"the kernel did not take the transaction of {batch.Messages.Length} bytes: {Describe(result.Error, "")}{remedy}");
        }

        if (result.Refusals.Count == 0)
        {
            return new(ApplyOutcome.Unavailable, "the kernel's answer to the transaction was lost");
        }

        string[] refused = [.. result.Refusals.Take(MostComplaints).Select(refusal => NftOperationText.Describe(batch.Messages, refusal.Sequence, refusal.Offset))];
        IEnumerable<string> shown = result.Refusals.Take(MostShown).Select((refusal, index) =>
            Describe(refusal.Error, refusal.Text) + (refused[index].Length == 0 ? "" : ": " + refused[index]));
        string more = result.Refusals.Count <= MostShown ? "" : string.Create(CultureInfo.InvariantCulture, $"\n... {result.Refusals.Count - MostShown} more");
        return new(
            result.Refusals.All(static refusal => IsPassing(refusal.Error)) ? ApplyOutcome.Unavailable : ApplyOutcome.Refused,
            "the kernel refuses the transaction: " + string.Join('\n', shown) + more)
        {
            Complaints = Array.FindAll(refused, static text => text.Length != 0),
        };
    }

    /// <summary>Whether the trouble is with the kernel or this process at this moment, not with the rules.</summary>
    private static bool IsPassing(int error) =>
        error is Errno.NotPermitted or Errno.Interrupted or Errno.TryAgain or Errno.NoMemory or Errno.AccessDenied or Errno.Restart or Errno.NoBuffers;

    private static string Describe(int error, string explanation) =>
        string.Create(CultureInfo.InvariantCulture, $"{Marshal.GetPInvokeErrorMessage(error)} (errno {error}){(explanation.Length == 0 ? "" : $", \"{explanation}\"")}");
}
