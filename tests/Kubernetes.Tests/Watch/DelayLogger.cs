using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Tests.Watch;

/// <summary>Collects the delays that a reflector says it will wait.</summary>
internal sealed class DelayLogger<T> : ILogger<T>
{
    private readonly List<TimeSpan> _delays = [];

    public IReadOnlyList<TimeSpan> Delays
    {
        get
        {
            lock (_delays)
            {
                return [.. _delays];
            }
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        foreach (KeyValuePair<string, object?> value in (IReadOnlyList<KeyValuePair<string, object?>>)state!)
        {
            if (value is { Key: "Delay", Value: TimeSpan delay })
            {
                lock (_delays)
                {
                    _delays.Add(delay);
                }
            }
        }
    }
}
