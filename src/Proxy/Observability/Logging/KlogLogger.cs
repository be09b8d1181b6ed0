using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>
/// The logger of one category. Of warnings and errors that differ only in numbers, one per minute is written, with the number
/// of occurrences.
/// </summary>
/// <param name="source">The name of the type that logs.</param>
/// <param name="sink">Writes the lines.</param>
/// <param name="verbosity">Decides what is logged.</param>
/// <param name="repeated">Counts repeated warnings and errors.</param>
/// <param name="time">The clock of messages.</param>
internal sealed class KlogLogger(string source, LogSink sink, LogVerbosity verbosity, RepeatedReports repeated, TimeProvider time) : ILogger
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
        if (!IsEnabled(logLevel))
        {
            return;
        }

        IReadOnlyList<KeyValuePair<string, object?>> values = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
        string message = formatter(state, exception);
        if (logLevel < LogLevel.Warning)
        {
            Write("");
            return;
        }

        repeated.Report(CauseOf(eventId, values, message, exception), Write);

        void Write(string times) => sink.Write(new LogEntry(time.GetLocalNow(), logLevel, source, message + times, values, exception));
    }

    /// <summary>Identifies the cause of a message by its texts, without numbers and times, which change with each occurrence.</summary>
    private string CauseOf(EventId kind, IReadOnlyList<KeyValuePair<string, object?>> values, string message, Exception? exception)
    {
        StringBuilder cause = new();
        cause.Append(source).Append(' ').Append(CultureInfo.InvariantCulture, $"{kind.Id} ").Append(exception?.GetType().Name).Append(' ').Append(exception?.Message);
        if (values.Count == 0)
        {
            return cause.Append(' ').Append(message).ToString();
        }

        foreach ((_, object? value) in values)
        {
            if (value is not (int or uint or long or ulong or double or TimeSpan or DateTimeOffset or null))
            {
                cause.Append(' ').Append(value);
            }
        }

        return cause.ToString();
    }
}

/// <summary>Makes loggers that write the log formats of Kubernetes.</summary>
/// <param name="sink">Writes the lines.</param>
/// <param name="verbosity">Decides what is logged.</param>
/// <param name="time">The clock of messages.</param>
internal sealed class KlogLoggerProvider(LogSink sink, LogVerbosity verbosity, TimeProvider time) : ILoggerProvider
{
    private readonly RepeatedReports _repeated = new(time);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName)
    {
        string source = categoryName[(categoryName.LastIndexOf('.') + 1)..];
        return new KlogLogger(source, sink, verbosity, _repeated, time);
    }

    /// <inheritdoc/>
    public void Dispose() => _repeated.Dispose();
}
