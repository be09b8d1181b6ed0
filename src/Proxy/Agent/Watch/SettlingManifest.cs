namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>
/// Tells files that are being written from files that lost objects for good. A file that became empty, or lost more than
/// half of its objects, is taken as it is only after it has rested.
/// </summary>
/// <param name="settleTime">How long it has to rest.</param>
/// <param name="time">The clock.</param>
internal sealed class SettlingManifest(TimeSpan settleTime, TimeProvider time)
{
    private readonly Dictionary<string, (string State, long Since)> _files = new(StringComparer.Ordinal);

    /// <summary>How long a file has to rest.</summary>
    public TimeSpan SettleTime => settleTime;

    /// <summary>Whether so much is gone that the file may be just being written.</summary>
    public static bool LostMost(int before, int now) => 2L * now < before;

    /// <summary>Whether a file has been as it is for long enough.</summary>
    /// <param name="file">The file.</param>
    /// <param name="state">Its state now.</param>
    public bool HasRested(string file, string state)
    {
        long now = time.GetTimestamp();
        if (!_files.TryGetValue(file, out (string State, long Since) seen) || !string.Equals(seen.State, state, StringComparison.Ordinal))
        {
            _files[file] = (state, now);
            return settleTime <= TimeSpan.Zero;
        }

        return time.GetElapsedTime(seen.Since, now) >= settleTime;
    }

    /// <summary>Forgets a file that is no more in question.</summary>
    public void Forget(string file) => _files.Remove(file);
}
