using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Host.Interop;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>Reading what the kernel tells, on a thread of its own.</summary>
internal sealed partial class NftablesDriftWatch
{
    private const int MostUndecided = 256;

    /// <summary>What is said of a commit that may have changed our rules unheard.</summary>
    private const string UnheardChange = "changed rules while ours were written";

    private static readonly TimeSpan s_pollInterval = TimeSpan.FromSeconds(1);

    private readonly List<Commit> _undecided = [];
    private uint _last;

    private void Hear(NetlinkSocket socket, Action<string> drifted, CancellationToken cancellation)
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
                _check.Ask("so many rules were changed that the kernel could not tell which");
                continue;
            }

            if (error == 0)
            {
                continue;
            }

            // Nothing more to read: whatever was told so far is judged at once, so that a burst is reported once.
            Report(commits, drifted);
            if (error is not (Errno.TryAgain or Errno.Interrupted))
            {
                _log.ReadFailed(_options.Family, error);
                _waiting.Wait(null, 0, s_pollInterval);
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
                continue; // whoever it was, it is nothing to us
            }

            switch (_judge.Judge(commit.Generation))
            {
                case CommitOrigin.Undecided when _undecided.Count < MostUndecided:
                    _undecided.Add(commit);
                    break;
                case CommitOrigin.Undecided:
                    _check.Ask("rules were changed by many others while ours were written");
                    break;
                case CommitOrigin.Unknown:
                    _check.Ask($"{Describe(commit.Generation)} {commit.FirstObject ?? UnheardChange}");
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
        string what = $"{Describe(commit.Generation)} {commit.FirstObject ?? UnheardChange}";

        // In tables that belong to all, programs save and restore rules of others unchanged. Nobody does so with a table of ours.
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

    /// <summary>Where changes cannot be heard of: any foreign one leads to a check.</summary>
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
