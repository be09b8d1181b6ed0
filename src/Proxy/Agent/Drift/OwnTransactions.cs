using KubeProxySharp.Proxy.Agent.Apply;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>
/// What we change ourselves, of both families, whose applies overlap. Appliers report to it, so that watches can attribute
/// commits to us or to others.
/// </summary>
internal sealed class OwnTransactions
{
    private const int MostProcesses = 256;

    private readonly Lock _lock = new();
    private readonly List<IOwnApplyListener> _listeners = [];
    private readonly HashSet<int> _processes = [];
    private readonly HashSet<int> _ports = [];
    private readonly Queue<int> _order = [];
    private int _underWay;
    private long _count;
    private long _commits;

    /// <summary>Whether processes or ports are reported at all; if not, whatever is committed while an apply is under way counts as ours.</summary>
    public bool KnowsOwnCommits { get; private set; }

    /// <summary>Whether an apply is under way.</summary>
    public bool IsUnderWay => Volatile.Read(ref _underWay) > 0;

    /// <summary>How many applies have begun.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>How many transactions were carried out through the ports of this process.</summary>
    public long Commits => Volatile.Read(ref _commits);

    /// <summary>Adds a watch, before the first apply.</summary>
    public void Add(IOwnApplyListener listener)
    {
        lock (_lock)
        {
            _listeners.Add(listener);
        }
    }

    /// <summary>Says that an apply begins; call it before any process is started, and dispose after the last one has ended.</summary>
    /// <param name="isFull">Whether everything is written anew.</param>
    /// <param name="isLarge">Whether that is so much that messages about it would be a burden.</param>
    public IDisposable Begin(bool isFull, bool isLarge = false)
    {
        lock (_lock)
        {
            _underWay++;
            _count++;
            _listeners.ForEach(listener => listener.OwnApplyBegins(isFull));
            if (isLarge)
            {
                _listeners.ForEach(static listener => listener.OwnLargeApplyBegins());
            }
        }

        return new Apply(this, isFull);
    }

    /// <summary>Says that a process was started that may change rules: as soon as its number is known.</summary>
    public void ProcessStarted(int process)
    {
        lock (_lock)
        {
            KnowsOwnCommits = true;
            if (_processes.Add(process))
            {
                _order.Enqueue(process);
            }

            // Numbers are used again some day: only the latest are remembered.
            if (_order.Count > MostProcesses)
            {
                _processes.Remove(_order.Dequeue());
            }

            _listeners.ForEach(listener => listener.OwnProcessStarted(process));
        }
    }

    /// <summary>
    /// Reports that a netlink socket of this process is open that changes rules: what is committed with its port is ours.
    /// </summary>
    /// <returns>To be disposed before the socket is closed: others may have its port from then on.</returns>
    public IOwnPort PortOpened(int port)
    {
        lock (_lock)
        {
            KnowsOwnCommits = true;
            _ports.Add(port);
        }

        return new OpenPort(this, port);
    }

    /// <summary>The ports of the open sockets of this process.</summary>
    public int[] Ports
    {
        get
        {
            lock (_lock)
            {
                return [.. _ports];
            }
        }
    }

    /// <summary>Whether a netlink port is that of an open socket of this process.</summary>
    public bool OwnsPort(int port)
    {
        lock (_lock)
        {
            return _ports.Contains(port);
        }
    }

    /// <summary>Whether a process is ours, running or ended lately.</summary>
    public bool IsOwn(int process)
    {
        lock (_lock)
        {
            return _processes.Contains(process);
        }
    }

    private void End(bool isFull)
    {
        lock (_lock)
        {
            _listeners.ForEach(listener => listener.OwnApplyEnded(isFull));
            _underWay--;
        }
    }

    private void PortClosed(int port)
    {
        lock (_lock)
        {
            _ports.Remove(port);
        }
    }

    private sealed class OpenPort(OwnTransactions applies, int port) : IOwnPort
    {
        public void Committed() => Interlocked.Increment(ref applies._commits);

        public void Dispose() => applies.PortClosed(port);
    }

    private sealed class Apply(OwnTransactions applies, bool isFull) : IDisposable
    {
        private bool _isEnded;

        public void Dispose()
        {
            if (!_isEnded)
            {
                _isEnded = true;
                applies.End(isFull);
            }
        }
    }
}
