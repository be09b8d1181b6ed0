using System.Numerics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Counting;

/// <summary>The connections of one service port, as far as they are not in the sum of all others.</summary>
/// <param name="name">The service port.</param>
internal sealed class ServicePortConnections(ServicePortName name)
{
    /// <summary>How far back the rate looks: what was read this long ago has lost 63 % of its weight.</summary>
    private static readonly TimeSpan s_rateTime = TimeSpan.FromMinutes(5);

    private readonly ulong[] _totals = new ulong[ConnectionCell.Count];
    private readonly ulong[] _unassigned = new ulong[ConnectionCell.Count];
    private ushort _cells;

    /// <summary>The service port.</summary>
    public ServicePortName Name => name;

    /// <summary>New connections and refused packets per second lately.</summary>
    public double Rate { get; private set; }

    /// <summary>Whether it has totals of its own.</summary>
    public bool IsShown { get; set; }

    /// <summary>The number of its counters that the kernel has.</summary>
    public int Counters { get; set; }

    /// <summary>When it last had a counter.</summary>
    public TimeSpan LastSeen { get; set; }

    /// <summary>The connections that were read and belong to no total yet.</summary>
    public ulong Unassigned { get; private set; }

    /// <summary>The connections that were added while it had totals of its own; null if it never had such a counter.</summary>
    public ulong? Total(ConnectionCell cell) => (_cells >> cell.Index & 1) == 0 ? null : _totals[cell.Index];

    /// <summary>Notes that a counter exists and has increased.</summary>
    public void Add(ConnectionCell cell, ulong increase)
    {
        _cells |= (ushort)(1 << cell.Index);
        _unassigned[cell.Index] += increase;
        Unassigned += increase;
    }

    /// <summary>Updates the rate with what belongs to no total yet, which was read since the last update.</summary>
    public void UpdateRate(TimeSpan elapsed)
    {
        if (elapsed > TimeSpan.Zero)
        {
            double kept = Math.Exp(-(elapsed / s_rateTime));
            Rate = (Rate * kept) + ((1 - kept) * Unassigned / elapsed.TotalSeconds);
        }
    }

    /// <summary>Adds what belongs to no total yet to the totals of this service port.</summary>
    public void TakeUnassigned() => MoveUnassigned(_totals);

    /// <summary>Adds what belongs to no total yet to other totals.</summary>
    /// <returns>The cells that this service port has counters of, as bits.</returns>
    public ushort MoveUnassigned(ulong[] totals)
    {
        for (int cells = Unassigned == 0 ? 0 : _cells; cells != 0; cells &= cells - 1)
        {
            int index = BitOperations.TrailingZeroCount(cells);
            totals[index] += _unassigned[index];
            _unassigned[index] = 0;
        }

        Unassigned = 0;
        return _cells;
    }
}

/// <summary>What connections of a service port are told apart by.</summary>
/// <param name="Index">0 to <see cref="Count"/> - 1.</param>
internal readonly record struct ConnectionCell(int Index)
{
    /// <summary>The number of cells: two families, two groups, four fates.</summary>
    public const int Count = 16;

    /// <summary>The cell of a counter.</summary>
    public ConnectionCell(IpFamily family, TrafficPolicy group, ConnectionFate fate)
        : this(((int)family << 3) | ((int)group << 2) | (int)fate)
    {
    }

    /// <summary>All cells.</summary>
    public static IEnumerable<ConnectionCell> All => Enumerable.Range(0, Count).Select(static index => new ConnectionCell(index));

    /// <summary>The family.</summary>
    public IpFamily Family => (IpFamily)(Index >> 3);

    /// <summary>The endpoint group.</summary>
    public TrafficPolicy Group => (TrafficPolicy)(Index >> 2 & 1);

    /// <summary>What happened to the connections.</summary>
    public ConnectionFate Fate => (ConnectionFate)(Index & 3);
}
