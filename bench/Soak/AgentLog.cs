using System.Diagnostics;

namespace KubeProxySharp.Soak;

/// <summary>Reads the agent's log for its transactions.</summary>
internal sealed class AgentLog
{
    private static readonly string[] s_families = ["IPv4", "IPv6"];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _reasons = s_families.ToDictionary(family => family, _ => "start", StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _full = new(StringComparer.Ordinal);
    private readonly Queue<long> _newAddresses = new();
    private int _partial;
    private int _drifts;

    /// <summary>A full transaction for which the log gives no reason.</summary>
    public const string NoReason = "none given";

    /// <summary>How long after a new address of the node a full transaction is taken to come from it.</summary>
    private static readonly TimeSpan s_follows = TimeSpan.FromSeconds(30);

    /// <summary>Full transactions by reason.</summary>
    public IReadOnlyDictionary<string, int> Full
    {
        get
        {
            lock (_lock)
            {
                return new Dictionary<string, int>(_full, StringComparer.Ordinal);
            }
        }
    }

    /// <summary>Updates.</summary>
    public int Partial => Volatile.Read(ref _partial);

    /// <summary>Number of times that the agent reported changed rules.</summary>
    public int Drifts => Volatile.Read(ref _drifts);

    /// <summary>Whether a family has had its first rules.</summary>
    public bool HasSynced { get; private set; }

    /// <summary>Notes that the node gets another address, which in iptables mode is in too many chains for an update.</summary>
    public void NoteNewAddress()
    {
        lock (_lock)
        {
            _newAddresses.Enqueue(Stopwatch.GetTimestamp());
        }
    }

    /// <summary>Takes a line.</summary>
    public void Read(string line)
    {
        lock (_lock)
        {
            foreach (string family in s_families)
            {
                if (line.Contains($"Synced {family} rules (full)", StringComparison.Ordinal))
                {
                    string reason = _reasons[family] == NoReason && IsOfNewAddress() ? "new address" : _reasons[family];
                    _full[reason] = _full.GetValueOrDefault(reason) + 1;
                    _reasons[family] = NoReason;
                    HasSynced |= family == s_families[0];
                }
                else if (line.Contains($"Synced {family} rules (partial)", StringComparison.Ordinal))
                {
                    _partial++;
                    _reasons[family] = NoReason;
                }
                else if (line.Contains(family + " rules may have to be written in full: drift", StringComparison.Ordinal))
                {
                    _drifts++;
                    _reasons[family] = "drift";
                }
                else if (line.Contains(family + " rules may have to be written in full: failure", StringComparison.Ordinal))
                {
                    _reasons[family] = "failure";
                }
                else if (line.Contains(family + " rules may have to be written in full: refused updates", StringComparison.Ordinal))
                {
                    _reasons[family] = "refused updates";
                }
            }
        }
    }

    private bool IsOfNewAddress()
    {
        while (_newAddresses.TryDequeue(out long noted))
        {
            if (Stopwatch.GetElapsedTime(noted) < s_follows)
            {
                return true;
            }
        }

        return false;
    }
}
