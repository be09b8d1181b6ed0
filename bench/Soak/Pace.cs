namespace KubeProxySharp.Soak;

/// <summary>Steps at a steady rate.</summary>
internal static class Pace
{
    /// <summary>Does a step each period until cancelled; what took longer than a period is not made up for.</summary>
    public static async Task EveryAsync(TimeSpan period, Func<Task> step, CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(period);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await step();
        }
    }

    public static Task WaitAsync(TimeSpan time, CancellationToken cancellationToken) => Task.Delay(time, TimeProvider.System, cancellationToken);
}
