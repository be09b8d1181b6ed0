using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Tests.Observability.Serving;

/// <summary>Keeps the lines that are logged, and their exceptions.</summary>
internal sealed class RecordingLogger : ILogger
{
    public ConcurrentQueue<Exception> Exceptions { get; } = new();

    public ConcurrentQueue<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Lines.Enqueue(formatter(state, exception));
        if (exception is not null)
        {
            Exceptions.Enqueue(exception);
        }
    }
}
