namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>
/// Limits repeated reports: of reports with the same cause the first is logged at once, and then one per minute with their
/// number, so that they do not hide other messages. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class RepeatedReports(TimeProvider time) : IDisposable
{
    /// <summary>The most causes at a time; further ones are counted as one.</summary>
    private const int MaxCauses = 2_000;

    private const string Others = "others";

    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Cause> _causes = new(StringComparer.Ordinal);
    private bool _isEnded;

    /// <summary>Logs a report, or counts it if there was one with the same cause.</summary>
    /// <param name="cause">Identifies reports that are counted together; must not contain numbers that change.</param>
    /// <param name="log">
    /// Logs the report with a suffix: empty, or the number of occurrences. Called now, or at the end of the minute for the
    /// last report of that minute.
    /// </param>
    public void Report(string cause, Action<string> log)
    {
        lock (_lock)
        {
            if (_isEnded)
            {
                return;
            }

            string key = _causes.ContainsKey(cause) || _causes.Count < MaxCauses ? cause : Others;
            if (_causes.TryGetValue(key, out Cause? known))
            {
                known.Times++;
                known.Last = log;
                return;
            }

            Cause first = new();
            _causes.Add(key, first);
            first.Timer = time.CreateTimer(_ => EndMinute(key), null, s_minute, s_minute);
        }

        log("");
    }

    /// <summary>Stops; further reports are ignored.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isEnded = true;
            foreach (Cause cause in _causes.Values)
            {
                cause.Timer?.Dispose();
            }

            _causes.Clear();
        }
    }

    private void EndMinute(string key)
    {
        Action<string>? last;
        int times;
        lock (_lock)
        {
            if (!_causes.TryGetValue(key, out Cause? cause))
            {
                return;
            }

            (last, times) = (cause.Last, cause.Times);
            (cause.Last, cause.Times) = (null, 0);
            if (last is null)
            {
                cause.Timer?.Dispose();
                _causes.Remove(key);
            }
        }

        last?.Invoke(times == 1 ? " (once more in the last minute)" : $" ({times} times in the last minute)");
    }

    private sealed class Cause
    {
        public ITimer? Timer { get; set; }

        public Action<string>? Last { get; set; }

        public int Times { get; set; }
    }
}
