using System.Runtime.InteropServices;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Counting;

/// <summary>
/// Adds up readings of the kernel's counters by service port, family, endpoint group and fate. A bounded number of service ports, those
/// with the most new connections per second, have totals of their own; the connections of all others are in one sum. Each connection is
/// added to exactly one of them when it is first read, so that no total ever decreases.
/// </summary>
/// <param name="most">The most service ports with totals of their own.</param>
/// <param name="start">The time of the start.</param>
internal sealed class ConnectionTotals(int most, TimeSpan start)
{
    /// <summary>How long the totals of a service port are kept after its last counter vanished.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    /// <summary>A service port takes the place of another one with less than its rate divided by this, so that few change places to and fro.</summary>
    private const double Advantage = 2;

    private readonly Dictionary<CounterKey, Counter> _counters = [];
    private readonly Dictionary<ServicePortName, ServicePortConnections> _ports = [];
    private readonly List<ServicePortConnections> _shown = [];
    private readonly List<ServicePortConnections> _candidates = [];
    private readonly ulong[] _others = new ulong[ConnectionCell.Count];
    private TimeSpan _lastAssigned = start;
    private ushort _otherCells;
    private uint _reading;

    /// <summary>The service ports with totals of their own, in no particular order.</summary>
    public IReadOnlyList<ServicePortConnections> Shown => _shown;

    /// <summary>All service ports, those too whose connections are in the sum now and who may have had totals of their own before.</summary>
    public IReadOnlyCollection<ServicePortConnections> Ports => _ports.Values;

    /// <summary>The number of service ports without.</summary>
    public int SummedPorts => _ports.Count - _shown.Count;

    /// <summary>The sum of the connections that were not added to the totals of a service port; null if there was no such counter.</summary>
    public ulong? Other(ConnectionCell cell) => (_otherCells >> cell.Index & 1) == 0 ? null : _others[cell.Index];

    /// <summary>Takes a reading of one source, such as a family.</summary>
    /// <param name="source">The source: 0 or above, the same for each of its readings.</param>
    /// <param name="counts">The counters and their values.</param>
    /// <param name="isComplete">Whether all counters of the source are among them: then those that are missing have ended.</param>
    public void Add(int source, ReadOnlySpan<ConnectionCount> counts, bool isComplete)
    {
        _reading++;
        foreach (ref readonly ConnectionCount count in counts)
        {
            ConnectionCell cell = new(count.Family, count.Group, count.Fate);
            ref Counter counter = ref CollectionsMarshal.GetValueRefOrAddDefault(
                _counters, new CounterKey(count.ServicePort, cell, count.Counter, source), out bool isKnown);
            if (!isKnown)
            {
                counter.Port = PortOf(count.ServicePort);
                counter.Port.Counters++;
            }

            // A lower value than before means that the kernel's counter began anew.
            counter.Port!.Add(cell, count.Value >= counter.Value ? count.Value - counter.Value : count.Value);
            counter.Value = count.Value;
            counter.Reading = _reading;
        }

        if (isComplete)
        {
            RemoveEnded(source);
        }
    }

    /// <summary>Chooses the service ports with totals of their own, and adds what was read to the totals.</summary>
    /// <param name="now">The time.</param>
    public void Assign(TimeSpan now)
    {
        TimeSpan elapsed = now > _lastAssigned ? now - _lastAssigned : TimeSpan.Zero;
        _lastAssigned = now;
        foreach ((ServicePortName name, ServicePortConnections port) in _ports)
        {
            port.UpdateRate(elapsed);
            if (port.Counters != 0)
            {
                port.LastSeen = now;
            }
            else if (now - port.LastSeen > Kept && port.Unassigned == 0)
            {
                _ports.Remove(name); // permitted while they are enumerated
                _shown.Remove(port);
                continue;
            }

            if (!port.IsShown && _shown.Count < most)
            {
                Show(port);
            }

            Assign(port);
        }

        // Whoever takes the place of another one begins with the totals that it has had: a scrape sees them before they increase.
        Replace();
    }

    private void Assign(ServicePortConnections port)
    {
        if (port.IsShown)
        {
            port.TakeUnassigned();
        }
        else
        {
            _otherCells |= port.MoveUnassigned(_others);
        }
    }

    private void Replace()
    {
        if (_shown.Count == 0 || _shown.Count == _ports.Count)
        {
            return;
        }

        double least = double.MaxValue;
        foreach (ServicePortConnections port in _shown)
        {
            least = Math.Min(least, port.Rate);
        }

        _candidates.Clear();
        foreach (ServicePortConnections port in _ports.Values)
        {
            if (!port.IsShown && port.Rate > Advantage * least)
            {
                _candidates.Add(port);
            }
        }

        if (_candidates.Count == 0)
        {
            return;
        }

        _candidates.Sort(static (one, other) => other.Rate.CompareTo(one.Rate));
        _shown.Sort(static (one, other) => one.Rate.CompareTo(other.Rate));
        for (int index = 0; index < _candidates.Count && index < _shown.Count && _candidates[index].Rate > Advantage * _shown[index].Rate; index++)
        {
            _shown[index].IsShown = false;
            _shown[index] = _candidates[index];
            _shown[index].IsShown = true;
        }
    }

    private void Show(ServicePortConnections port)
    {
        port.IsShown = true;
        _shown.Add(port);
    }

    private ServicePortConnections PortOf(ServicePortName name)
    {
        ref ServicePortConnections? port = ref CollectionsMarshal.GetValueRefOrAddDefault(_ports, name, out _);
        return port ??= new(name);
    }

    private void RemoveEnded(int source)
    {
        foreach ((CounterKey key, Counter counter) in _counters)
        {
            if (key.Source == source && counter.Reading != _reading)
            {
                counter.Port!.Counters--;
                _counters.Remove(key); // permitted while they are enumerated
            }
        }
    }

    private readonly record struct CounterKey(ServicePortName Port, ConnectionCell Cell, ulong Number, int Source);

    private struct Counter
    {
        public ServicePortConnections? Port; // null only before it is set
        public ulong Value;
        public uint Reading;
    }
}
