using System.Collections.Concurrent;
using System.Diagnostics;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Soak;

/// <summary>Connections at a steady rate to Services that always have live endpoints, so that each must be answered.</summary>
internal sealed class Dialler(SoakNetwork network, IReadOnlyList<int> services, Disturbances disturbances)
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(10);

    private readonly HashSet<Task> _pending = [];
    private int _made;
    private int _damaged;

    /// <summary>Connections that were answered.</summary>
    public int Made => Volatile.Read(ref _made);

    /// <summary>Those that were not, while our own damage to the rules was not repaired yet.</summary>
    public int FailedInDrift => Volatile.Read(ref _damaged);

    /// <summary>Those that should have been answered.</summary>
    public ConcurrentQueue<string> Failed { get; } = new();

    /// <summary>Whether a connection to a Service is answered within a moment.</summary>
    public async Task<bool> IsAnsweredAsync(int service) =>
        (await network.Client.DialAsync(System.Net.Sockets.ProtocolType.Tcp, SoakServices.Destination(service), LabClient.DropTimeout)).Outcome == Outcome.Answered;

    /// <summary>Dials until it is cancelled, and waits for open connections.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            int next = 0;
            await Pace.EveryAsync(
                s_period,
                () =>
                {
                    foreach (Task done in _pending.Where(dial => dial.IsCompleted).ToArray())
                    {
                        _pending.Remove(done);
                    }

                    _pending.Add(DialAsync(services[next++ % services.Count]));
                    return Task.CompletedTask;
                },
                cancellationToken);
        }
        finally
        {
            await Task.WhenAll(_pending);
        }
    }

    private async Task DialAsync(int service)
    {
        long begin = Stopwatch.GetTimestamp();
        DateTimeOffset clock = TimeProvider.System.GetUtcNow();
        Answer answer = await network.Client.DialAsync(System.Net.Sockets.ProtocolType.Tcp, SoakServices.Destination(service), LabClient.AnswerTimeout);
        if (answer.Outcome == Outcome.Answered)
        {
            Interlocked.Increment(ref _made);
        }
        else if (disturbances.Since(Disturbance.Drift, begin))
        {
            Interlocked.Increment(ref _damaged);
        }
        else
        {
            Failed.Enqueue($"{clock:HH:mm:ss.fff} {SoakServices.Name(service)}: {answer}");
        }
    }
}
