namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>
/// Of reports of one kind on one cause tells the first at once, and then one a minute, with their number, for as long as
/// they come: what happens again and again must not bury everything else. Safe for use by several threads.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class RepeatedReports(TimeProvider time) : IDisposable
{
    /// <summary>More causes at a time than anybody reads; further ones count as one.</summary>
    private const int MostCauses = 2_000;

    private const string Others = "others";

    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Cause> _causes = new(StringComparer.Ordinal);
    private bool _isEnded;

    /// <summary>Reports.</summary>
    /// <param name="cause">Kind and cause: the same text for what is to be counted together, without numbers that change.</param>
    /// <param name="tell">
    /// Tells it, with what is to be put behind the text: nothing, or how often it happened. Called now, or at the end of the
    /// minute for the last of those that came in it.
    /// </param>
    public void Report(string cause, Action<string> tell)
    {
        lock (_lock)
        {
            if (_isEnded)
            {
                return;
            }

            string key = _causes.ContainsKey(cause) || _causes.Count < MostCauses ? cause : Others;
            if (_causes.TryGetValue(key, out Cause? known))
            {
                known.Times++;
                known.Last = tell;
                return;
            }

            Cause first = new();
            _causes.Add(key, first);
            first.Timer = time.CreateTimer(_ => EndMinute(key), null, s_minute, s_minute);
        }

        tell("");
    }

    /// <summary>Tells no more.</summary>
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
