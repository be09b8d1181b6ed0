using Microsoft.Extensions.Logging;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Logging;

/// <summary>Logs for one part of the program.</summary>
/// <param name="source">Name of the part.</param>
/// <param name="sink">Where lines go.</param>
/// <param name="verbosity">What is logged.</param>
/// <param name="time">Tells the time of messages.</param>
internal sealed class KlogLogger(string source, LogSink sink, LogVerbosity verbosity, TimeProvider time) : ILogger
{
    private readonly VerbosityRule? _rule = verbosity.RuleFor(source);

    /// <summary>Scopes are not part of Kubernetes' log formats.</summary>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => verbosity.IsEnabled(logLevel, _rule);

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            IReadOnlyList<KeyValuePair<string, object?>> values = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
            sink.Write(new LogEntry(time.GetLocalNow(), logLevel, source, formatter(state, exception), values, exception));
        }
    }
}
