namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Looks all the time, on a thread of its own, whether something holds.</summary>
internal sealed class RuleWatch : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _isStopped;

    private RuleWatch(Func<bool> holds)
    {
        _thread = new(() =>
        {
            while (!_isStopped)
            {
                Misses += holds() ? 0 : 1;
                Looks++;
            }
        });
        _thread.Start();
    }

    /// <summary>How often it was looked at.</summary>
    public int Looks { get; private set; }

    /// <summary>How often it did not hold.</summary>
    public int Misses { get; private set; }

    public static RuleWatch Start(Func<bool> holds) => new(holds);

    public void Stop()
    {
        _isStopped = true;
        _thread.Join();
    }

    public void Dispose() => Stop();
}
