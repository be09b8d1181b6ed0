using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Tests.Serving;

/// <summary>Keeps the exceptions that are logged.</summary>
internal sealed class RecordingLogger : ILogger
{
    public ConcurrentQueue<Exception> Exceptions { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (exception is not null)
        {
            Exceptions.Enqueue(exception);
        }
    }
}
