using System.Collections.Immutable;
using KubeProxySharp.Proxy.Agent.Apply.Listing;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>
/// Which commits were made while we applied rules, by their numbers: exact, however late their messages are read, and
/// however process numbers are seen.
/// </summary>
internal sealed class ApplyIntervals
{
    private const int MostWindows = 64;

    private readonly Lock _lock = new();
    private readonly Queue<Window> _closed = [];
    private Window? _open;
    private int _underWay;

    /// <summary>Opens a window, or widens the open one: the applies of the two families overlap.</summary>
    /// <param name="last">The number of the last commit before it.</param>
    public void Open(uint last)
    {
        lock (_lock)
        {
            _underWay++;
            _open ??= new(last, last, []);
        }
    }

    /// <summary>Until the window closes, messages about changes from a netlink port are not received.</summary>
    public void Hide(int port)
    {
        lock (_lock)
        {
            if (_open is { } open)
            {
                _open = open with { Hidden = open.Hidden.Add(port) };
            }
        }
    }

    /// <summary>Closes it, when the last apply in it ends.</summary>
    /// <param name="last">The number of the last commit in it.</param>
    public void Close(uint last)
    {
        lock (_lock)
        {
            if (--_underWay != 0 || _open is not { } window)
            {
                return;
            }

            _open = null;
            _closed.Enqueue(window with { Last = last });
            if (_closed.Count > MostWindows)
            {
                _closed.Dequeue();
            }
        }
    }

    /// <summary>Where a commit stands.</summary>
    public CommitTiming Find(uint number)
    {
        lock (_lock)
        {
            if (_open is { } open && Generation.IsAfter(number, open.Before))
            {
                return CommitTiming.Open;
            }

            return _closed.Any(window => Generation.IsAfter(number, window.Before) && !Generation.IsAfter(number, window.Last))
                ? CommitTiming.Closed
                : CommitTiming.Outside;
        }
    }

    /// <summary>
    /// Whether messages about a commit may not have been received: its port is that of a process of ours, which somebody else in
    /// another process namespace can have as well.
    /// </summary>
    public bool MayLackObjects(Generation commit)
    {
        lock (_lock)
        {
            return (_open is { } open && open.Hidden.Contains(commit.Port) && !Generation.IsAfter(open.Before, commit.Number))
                || _closed.Any(window => window.Hidden.Contains(commit.Port) && !Generation.IsAfter(window.Before, commit.Number) && !Generation.IsAfter(commit.Number, window.Last));
        }
    }

    private readonly record struct Window(uint Before, uint Last, ImmutableArray<int> Hidden);
}
