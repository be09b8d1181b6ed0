using System.Net;
using System.Net.Sockets;

namespace KubeProxySharp.Testing.Lab;

/// <summary>New connections at a steady rate, until it is ended. Each must be answered.</summary>
public sealed class LabTraffic
{
    private const int PerSecond = 200;
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(5);

    private readonly (LabClient Client, IPEndPoint Destination)[] _ways;
    private readonly Task<IReadOnlyList<Answer>> _run;
    private volatile bool _isEnded;
    private int _answered;

    /// <summary>Starts dialling, each way in turn, as soon as each was answered once: links of a new lab come up when the kernel likes.</summary>
    public LabTraffic(params (LabClient Client, IPEndPoint Destination)[] ways)
    {
        _ways = ways;
        foreach ((LabClient Client, IPEndPoint Destination) way in ways)
        {
            if (!SpinWait.SpinUntil(() => DialAsync(way).GetAwaiter().GetResult().Outcome == Outcome.Answered, TimeSpan.FromMinutes(1)))
            {
                throw new InvalidOperationException($"{way.Destination} is not answered");
            }
        }

        _run = Task.Run(RunAsync);
    }

    /// <summary>Connections answered until now.</summary>
    public int Answered => Volatile.Read(ref _answered);

    /// <summary>Waits until some more connections were made and answered.</summary>
    public void Await(int more)
    {
        int goal = Answered + more;
        if (!SpinWait.SpinUntil(() => Answered >= goal || _run.IsCompleted, TimeSpan.FromMinutes(1)))
        {
            throw new InvalidOperationException($"connections are not answered any more; {Answered} were");
        }
    }

    /// <summary>Ends, waits for connections under way, and gives all answers.</summary>
    public IReadOnlyList<Answer> End()
    {
        _isEnded = true;
        return _run.GetAwaiter().GetResult();
    }

    private async Task<IReadOnlyList<Answer>> RunAsync()
    {
        List<Task<Answer>> dials = [];
        long start = TimeProvider.System.GetTimestamp();
        using PeriodicTimer timer = new(s_tick);
        while (!_isEnded)
        {
            double due = TimeProvider.System.GetElapsedTime(start).TotalSeconds * PerSecond;
            while (dials.Count < due)
            {
                dials.Add(DialAsync(_ways[dials.Count % _ways.Length]));
            }

            await timer.WaitForNextTickAsync();
        }

        return await Task.WhenAll(dials);
    }

    private async Task<Answer> DialAsync((LabClient Client, IPEndPoint Destination) way)
    {
        Answer answer = await way.Client.DialAsync(ProtocolType.Tcp, way.Destination, LabClient.AnswerTimeout);
        if (answer.Outcome == Outcome.Answered)
        {
            Interlocked.Increment(ref _answered);
        }

        return answer;
    }
}
