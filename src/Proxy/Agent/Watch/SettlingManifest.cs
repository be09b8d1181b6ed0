namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>
/// Distinguishes files that are being written from files that lost objects for good: a file that became empty, or lost more
/// than half of its objects, is used only after it has not changed for some time.
/// </summary>
/// <param name="settleTime">How long it must stay unchanged.</param>
/// <param name="time">The clock.</param>
internal sealed class SettlingManifest(TimeSpan settleTime, TimeProvider time)
{
    private readonly Dictionary<string, (string State, long Since)> _files = new(StringComparer.Ordinal);

    /// <summary>How long a file must stay unchanged.</summary>
    public TimeSpan SettleTime => settleTime;

    /// <summary>Whether so many objects are gone that the file may be in the middle of a write.</summary>
    public static bool LostMost(int before, int now) => 2L * now < before;

    /// <summary>Whether a file has stayed unchanged for long enough.</summary>
    /// <param name="file">The file.</param>
    /// <param name="state">Its state now.</param>
    public bool HasSettled(string file, string state)
    {
        long now = time.GetTimestamp();
        if (!_files.TryGetValue(file, out (string State, long Since) seen) || !string.Equals(seen.State, state, StringComparison.Ordinal))
        {
            _files[file] = (state, now);
            return settleTime <= TimeSpan.Zero;
        }

        return time.GetElapsedTime(seen.Since, now) >= settleTime;
    }

    /// <summary>Stops tracking a file.</summary>
    public void Forget(string file) => _files.Remove(file);
}
