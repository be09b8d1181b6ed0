using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Keeps warnings and errors.</summary>
internal sealed class TroubleLog : ILogger
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
        {
            if (IsEnabled(logLevel) && _lines.Count < 100)
            {
                _lines.Add(formatter(state, exception));
            }
        }
    }
}
