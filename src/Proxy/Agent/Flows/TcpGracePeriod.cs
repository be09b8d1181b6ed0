using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Flows;

/// <summary>
/// Lets TCP connections live on for a while after their endpoint left. The time begins with the pass that finds the first
/// stale connection from a frontend to an endpoint, which follows a change at once.
/// </summary>
/// <param name="grace">How long.</param>
/// <param name="time">The clock.</param>
internal sealed class TcpGracePeriod(TimeSpan grace, TimeProvider time)
{
    /// <summary>Pairs beyond these are not remembered: their time begins when others are done.</summary>
    public const int PairLimit = 65_536;

    private Dictionary<Pair, DateTimeOffset> _since = [];
    private Dictionary<Pair, DateTimeOffset> _seen = [];

    /// <summary>When the next connections are to be closed; <see cref="DateTimeOffset.MaxValue"/> when there are none.</summary>
    public DateTimeOffset NextDue => _since.Count == 0 ? DateTimeOffset.MaxValue : _since.Values.Min() + grace;

    /// <summary>A pass begins.</summary>
    public void BeginPass() => _seen = [];

    /// <summary>Whether the time of a stale connection is over.</summary>
    public bool IsOver(in ConntrackEntry entry)
    {
        Pair pair = new(
            new(entry.Original.Destination, entry.Original.DestinationPort),
            new(entry.Reply.Source, entry.Reply.SourcePort));
        DateTimeOffset now = time.GetUtcNow();
        if (!_since.TryGetValue(pair, out DateTimeOffset since))
        {
            if (_since.Count >= PairLimit)
            {
                return false;
            }

            since = now;
            _since.Add(pair, since);
        }

        bool isOver = now - since >= grace;
        if (!isOver)
        {
            _seen[pair] = since;
        }

        return isOver;
    }

    /// <summary>A pass saw all flows: pairs that it did not meet have no stale connection left.</summary>
    public void EndPass() => _since = _seen;

    private readonly record struct Pair(EndpointAddress Frontend, EndpointAddress Endpoint);
}
