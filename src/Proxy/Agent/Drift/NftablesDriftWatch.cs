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
/// Listens to the kernel's messages about changes of rules, in the nftables and the iptables-nft modes. Costs nothing without changes.
/// The packet path's additions to affinity sets, and their expiry, come with no message.
/// </summary>
internal sealed class NftablesDriftWatch : IDriftWatch, IOwnApplyListener, IDisposable
{
    /// <summary>Room for a transaction of others with some 50,000 messages.</summary>
    private const int BufferSize = 16 * 1024 * 1024;

    /// <summary>More processes than a full apply starts.</summary>
    private const int MostHidden = 32;

    private const int MostUndecided = 256;

    /// <summary>Describes a commit that may have changed our rules without a message that was received.</summary>
    private const string UnseenChange = "changed rules while ours were written";

    private static readonly TimeSpan s_pollInterval = TimeSpan.FromSeconds(1);

    private readonly NftablesDriftOptions _options;
    private readonly OwnTransactions _applies;
    private readonly IntegrityCheck _check;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly GenerationQuery _query = new();
    private readonly ApplyIntervals _windows = new();
    private readonly CommitAttribution _attribution;
    private readonly NetlinkSocket? _socket;
    private readonly ListeningPause? _pause;
    private readonly NetlinkWait _waiting = new();
    private readonly List<int> _hidden = [];
    private readonly List<Commit> _undecided = [];
    private int _fullApplies;
    private uint _last;

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
        _attribution = new(applies, _windows, _query.SeesKernelsProcessNumbers());
        _socket = options.ListenForChanges ? Join() : null;
        _pause = _socket is null ? null : new(_socket, applies);
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
                : Task.Factory.StartNew(() => Listen(_socket, drifted, end), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    /// <inheritdoc/>
    public void OwnApplyBegins(bool isFull)
    {
        _fullApplies += isFull ? 1 : 0;
        _windows.Open(_query.Ask(out _)?.Number ?? 0);
        foreach (int port in isFull ? _applies.Ports : [])
        {
            HideChangesOf(port);
        }
    }

    /// <inheritdoc/>
    public void OwnLargeApplyBegins()
    {
        // What processes commit for us is not counted.
        if (_applies.Ports.Length != 0)
        {
            _pause?.Begin();
        }
    }

    /// <inheritdoc/>
    public void OwnProcessStarted(int process) => HideChangesOf(process);

    /// <inheritdoc/>
    public void OwnApplyEnded(bool isFull)
    {
        if (isFull && --_fullApplies == 0 && _socket is not null)
        {
            EndPause(_pause!); // there with the socket
            if (_hidden.Count != 0)
            {
                _hidden.Clear();
                SetFilter(_socket);
            }
        }

        _windows.Close(_query.Ask(out _)?.Number ?? 0);
        _waiting.Wake();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket?.Dispose();
        _pause?.Dispose();
        _query.Dispose();
        _waiting.Dispose();
    }

    private void EndPause(ListeningPause pause)
    {
        if (pause.End())
        {
            _check.Ask("somebody " + UnseenChange);
        }
    }

    /// <summary>During a full apply, messages about what a process or socket of ours changes are not received.</summary>
    /// <param name="port">The netlink port, which of a process that writes for us is its number.</param>
    private void HideChangesOf(int port)
    {
        // A full load makes hundreds of thousands of messages, of which only that of the commit is needed. Those of others are
        // still received: a process that writes for us has its number as its port.
        if (_socket is not null && _fullApplies > 0 && _hidden.Count < MostHidden)
        {
            _hidden.Add(port);
            _windows.Hide(port);
            SetFilter(_socket);
        }
    }

    private NetlinkSocket? Join()
    {
        NetlinkSocket socket = NetlinkSocket.Open(groups: 1u << (ListeningPause.Group - 1));
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

    /// <summary>Of the tables of iptables, which belong to all, all messages are received.</summary>
    private void SetFilter(NetlinkSocket socket)
    {
        (byte, string)? table = _options.Store == RuleStore.KubeProxyTable ? (OwnObjects.Number(_options.Family), NftNames.Table) : null;

        // Where the kernel has no room for the longer program (net.core.optmem_max), messages about changes of others are received and passed over.
        if (socket.Filter(ChangeFilter.Build(_hidden, table)) != 0 && table is not null)
        {
            _ = socket.Filter(ChangeFilter.Build(_hidden, null)); // without any, more is received than is needed
        }
    }

    /// <summary>Reads the kernel's messages, on a thread of its own.</summary>
    private void Listen(NetlinkSocket socket, Action<string> drifted, CancellationToken cancellation)
    {
        using CancellationTokenRegistration wake = cancellation.UnsafeRegister(static waiting => ((NetlinkWait)waiting!).Wake(), _waiting);
        CommitReader reader = new(new OwnObjects(_options.Family, _options.Store));
        List<Commit> commits = [];
        byte[] buffer = new byte[NetlinkConnection.LongestDatagram];
        while (!cancellation.IsCancellationRequested)
        {
            int length = socket.ReceiveWaiting(buffer, out int error);
            if (error == Errno.NoBuffers || (error == 0 && !TryRead(reader, buffer.AsSpan(0, Math.Min(length, buffer.Length)), commits)))
            {
                reader.Forget();
                _check.Ask("so many rules were changed that the kernel lost messages about them");
                continue;
            }

            if (error == 0)
            {
                continue;
            }

            // Nothing more to read: the commits so far are attributed at once, so that a burst is reported once.
            Report(commits, drifted);
            if (error is not (Errno.TryAgain or Errno.Interrupted))
            {
                _log.ReadFailed(_options.Family, error);
                _waiting.Wait(null, 0, s_pollInterval);
                continue;
            }

            if (_pause is { IsOverdue: true } pause)
            {
                _waiting.Wait(null, 0, s_pollInterval);
                EndPause(pause);
                continue;
            }

            _waiting.WaitToRead(socket.Handle);
        }

        cancellation.ThrowIfCancellationRequested();
    }

    private static bool TryRead(CommitReader reader, ReadOnlySpan<byte> datagram, List<Commit> commits)
    {
        try
        {
            reader.Read(datagram, commits.Add);
            return true;
        }
        catch (NetlinkException)
        {
            return false; // as if it had been lost
        }
    }

    private void Report(List<Commit> commits, Action<string> drifted)
    {
        // Taken again each time: applies end, and processes become known.
        commits.InsertRange(0, _undecided);
        _undecided.Clear();
        string? what = null;
        foreach (Commit commit in commits)
        {
            if (commit.FirstObject is null && !_windows.MayLackObjects(commit.Generation))
            {
                continue; // it changed nothing of ours
            }

            switch (_attribution.Attribute(commit.Generation))
            {
                case CommitOrigin.Undecided when _undecided.Count < MostUndecided:
                    _undecided.Add(commit);
                    break;
                case CommitOrigin.Undecided:
                    _check.Ask("rules were changed by many others while ours were written");
                    break;
                case CommitOrigin.Unknown:
                    _check.Ask($"{Describe(commit.Generation)} {commit.FirstObject ?? UnseenChange}");
                    break;
                case CommitOrigin.Foreign:
                    what = Suspect(commit) ?? what;
                    break;
                default:
                    break; // ours
            }
        }

        commits.Clear();
        if (what is not null)
        {
            drifted(what);
        }
    }

    /// <summary>What is to be reported at once of a foreign commit, or null.</summary>
    private string? Suspect(Commit commit)
    {
        string what = $"{Describe(commit.Generation)} {commit.FirstObject ?? UnseenChange}";

        // In tables that belong to all, programs save and restore rules of others unchanged. No program does so with a table of ours.
        bool mayBeUnchanged = commit.FirstObject is null || (commit.Rewrites && _options.Store == RuleStore.IptablesChains);

        // A commit in the middle of an apply of ours may be its own, made by a child of the tool (a wrapper script), or one
        // that the apply has mended already.
        bool isDuringApply = _windows.Find(commit.Generation.Number) != CommitTiming.Outside;
        if (!mayBeUnchanged && !isDuringApply)
        {
            return what;
        }

        _check.Ask(what);
        return null;
    }

    private static string Describe(Generation who) => $"{who.ProcessName} (process {who.Process})";

    /// <summary>Where messages cannot be received: any foreign change leads to a check.</summary>
    private async Task PollAsync(CancellationToken cancellation)
    {
        bool isSilent = false;
        while (true)
        {
            await Task.Delay(s_pollInterval, _time, cancellation);
            if (_query.Ask(out int error) is not { } now)
            {
                if (!isSilent)
                {
                    isSilent = true;
                    _log.NoGeneration(_options.Family, error);
                }

                continue;
            }

            if (HasForeign(now.Number))
            {
                _check.Ask("somebody changed rules, and ours are not what was applied");
            }

            _last = now.Number;
        }
    }

    private bool HasForeign(uint now)
    {
        const int MostCommits = 10_000;
        if (now - _last > MostCommits)
        {
            return true;
        }

        for (uint number = _last + 1; number != now + 1; number++)
        {
            if (_windows.Find(number) == CommitTiming.Outside)
            {
                return true;
            }
        }

        return false;
    }
}
