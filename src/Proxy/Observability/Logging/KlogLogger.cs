using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>
/// Logs for one part of the program. Of warnings and errors that differ in their numbers alone, one a minute is written, with
/// how often it came.
/// </summary>
/// <param name="source">Name of the part.</param>
/// <param name="sink">Where lines go.</param>
/// <param name="verbosity">What is logged.</param>
/// <param name="repeated">Counts warnings and errors that come again and again.</param>
/// <param name="time">Tells the time of messages.</param>
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

    /// <summary>What tells the causes of one kind of message apart: its texts, and not its numbers and times, which go on changing.</summary>
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

/// <summary>Loggers that write Kubernetes' log formats.</summary>
/// <param name="sink">Where lines go.</param>
/// <param name="verbosity">What is logged.</param>
/// <param name="time">Tells the time of messages.</param>
internal sealed class KlogLoggerProvider(LogSink sink, LogVerbosity verbosity, TimeProvider time) : ILoggerProvider
{
    private readonly RepeatedReports _repeated = new(time);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName)
    {
        string source = categoryName[(categoryName.LastIndexOf('.') + 1)..];
        return new KlogLogger(source, sink, verbosity, _repeated, time);
    }

    /// <summary>Ends the count of repeated messages.</summary>
    public void Dispose() => _repeated.Dispose();
}
