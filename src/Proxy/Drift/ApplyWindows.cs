namespace KubeProxySharp.Proxy.Drift;

/// <summary>
/// Which commits were made while we applied rules, by their numbers: exact, however late their messages are read, and
/// however process numbers are seen.
/// </summary>
internal sealed class ApplyWindows
{
    private const int MostWindows = 64;

    private readonly Lock _lock = new();
    private readonly Queue<Window> _closed = [];
    private Window? _open;
    private int _underWay;

    /// <summary>Opens a window, or widens the open one: the applies of the two families overlap.</summary>
    /// <param name="last">The number of the last commit before it.</param>
    /// <param name="isDeaf">Whether only the ends of commits are heard while it is open.</param>
    public void Open(uint last, bool isDeaf)
    {
        lock (_lock)
        {
            _underWay++;
            _open = _open is { } open ? open with { IsDeaf = open.IsDeaf || isDeaf } : new(last, last, isDeaf);
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
    public WindowStanding Find(uint number)
    {
        lock (_lock)
        {
            if (_open is { } open && Generation.IsAfter(number, open.Before))
            {
                return WindowStanding.Open;
            }

            return _closed.Any(window => Generation.IsAfter(number, window.Before) && !Generation.IsAfter(number, window.Last))
                ? WindowStanding.Closed
                : WindowStanding.Outside;
        }
    }

    /// <summary>Whether we may not have heard all that a commit changed. One that was being told of when the window opened counts.</summary>
    public bool MayLackObjects(uint number)
    {
        lock (_lock)
        {
            return (_open is { IsDeaf: true } open && !Generation.IsAfter(open.Before, number))
                || _closed.Any(window => window.IsDeaf && !Generation.IsAfter(window.Before, number) && !Generation.IsAfter(number, window.Last));
        }
    }

    private readonly record struct Window(uint Before, uint Last, bool IsDeaf);
}
