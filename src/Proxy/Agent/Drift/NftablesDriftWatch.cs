using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Agent.Drift.Interop;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Host.Interop;
using KubeProxySharp.Renderers.Nftables.Naming;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>
/// Hears from the kernel who changes rules, in the nftables and the iptables-nft modes. Costs nothing while nobody does.
/// The packet path's additions to affinity sets, and their expiry, come with no message.
/// </summary>
internal sealed partial class NftablesDriftWatch : IDriftWatch, IOwnApplyListener, IDisposable
{
    /// <summary>Room for a transaction of others with some 50,000 messages.</summary>
    private const int BufferSize = 16 * 1024 * 1024;

    /// <summary>The bit of NFNLGRP_NFTABLES (7).</summary>
    private const uint ChangesOfRules = 1u << (7 - 1);

    /// <summary>More processes than a full apply starts.</summary>
    private const int MostHidden = 32;

    private readonly NftablesDriftOptions _options;
    private readonly OwnTransactions _applies;
    private readonly IntegrityCheck _check;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly GenerationQuery _query = new();
    private readonly ApplyIntervals _windows = new();
    private readonly CommitAttribution _judge;
    private readonly NetlinkSocket? _socket;
    private readonly NetlinkWait _waiting = new();
    private readonly List<int> _hidden = [];
    private int _fullApplies;

    /// <summary>Opens the sockets, in the network namespace of this thread.</summary>
    /// <param name="options">What to look for.</param>
    /// <param name="applies">What we do ourselves.</param>
    /// <param name="isIntact">Whether the rules are what the last apply left.</param>
    /// <param name="period">How often to ask for that without a reason (syncPeriod).</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Receives what goes wrong.</param>
    public NftablesDriftWatch(
        NftablesDriftOptions options,
        OwnTransactions applies,
        Func<CancellationToken, Task<bool>> isIntact,
        TimeSpan period,
        TimeProvider time,
        ILogger log)
    {
        _options = options;
        _applies = applies;
        _check = new(isIntact, applies, period, time, log);
        _time = time;
        _log = log;
        _judge = new(applies, _windows, _query.SeesKernelsProcessNumbers());
        _socket = options.HearEvents ? Join() : null;
        _last = _query.Ask(out _)?.Number ?? 0;
        applies.Add(this);
    }

    /// <inheritdoc/>
    public Task RunAsync(Action<string> drifted, CancellationToken cancellation) =>
        ConcurrentTasks.RunAsync(
            cancellation,
            end => _check.RunAsync(drifted, end),
            end => _socket is null
                ? PollAsync(end)
                : Task.Factory.StartNew(() => Hear(_socket, drifted, end), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    /// <inheritdoc/>
    public void OwnApplyBegins(bool isFull)
    {
        _fullApplies += isFull ? 1 : 0;
        _windows.Open(_query.Ask(out _)?.Number ?? 0);
    }

    /// <inheritdoc/>
    public void OwnProcessStarted(int process)
    {
        // A full load makes hundreds of thousands of messages; who commits is all that must be known of it. Others go on
        // being heard: a process that writes for us has its number as its port.
        if (_socket is not null && _fullApplies > 0 && _hidden.Count < MostHidden)
        {
            _hidden.Add(process);
            _windows.Hide(process);
            SetFilter(_socket);
        }
    }

    /// <inheritdoc/>
    public void OwnApplyEnded(bool isFull)
    {
        if (isFull && --_fullApplies == 0 && _socket is not null && _hidden.Count != 0)
        {
            _hidden.Clear();
            SetFilter(_socket);
        }

        _windows.Close(_query.Ask(out _)?.Number ?? 0);
        _waiting.Wake();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket?.Dispose();
        _query.Dispose();
        _waiting.Dispose();
    }

    private NetlinkSocket? Join()
    {
        NetlinkSocket socket = NetlinkSocket.Open(groups: ChangesOfRules);
        if (socket.OpenError == 0)
        {
            socket.GrowReceiveBuffer(BufferSize);
            SetFilter(socket);
            return socket;
        }

        _log.Polling(_options.Family, socket.OpenError);
        socket.Dispose();
        return null;
    }

    /// <summary>Of the tables of iptables, which belong to all, everything is heard.</summary>
    private void SetFilter(NetlinkSocket socket)
    {
        (byte, string)? table = _options.Store == RuleStore.KubeProxyTable ? (OwnObjects.Number(_options.Family), NftNames.Table) : null;

        // Where the kernel has no room for the longer program (net.core.optmem_max), what others do is heard and passed over.
        if (socket.Filter(ChangeFilter.Build(_hidden, table)) != 0 && table is not null)
        {
            _ = socket.Filter(ChangeFilter.Build(_hidden, null)); // without any, more is heard than is needed
        }
    }
}
