using System.Diagnostics;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Waits on conditions, with a bound.</summary>
internal static class Eventually
{
    public static async Task<bool> IsTrueAsync(Func<bool> condition, int seconds)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(seconds))
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }

        return true;
    }
}
