using KubeProxySharp.Proxy.Configuration;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>The log of the agent: the factory of loggers and their verbosity.</summary>
internal sealed class AgentLogging : IDisposable
{
    private AgentLogging(ILoggerFactory factory, LogVerbosity verbosity)
    {
        Factory = factory;
        Verbosity = verbosity;
    }

    public ILoggerFactory Factory { get; }

    /// <summary>The verbosity; may be changed at any time.</summary>
    public LogVerbosity Verbosity { get; }

    /// <summary>Creates the log from the configuration.</summary>
    /// <param name="configuration">The whole configuration, since formats depend on feature gates.</param>
    /// <param name="errors">Standard error; receives everything unless the streams are split.</param>
    /// <param name="output">Standard output; receives messages other than errors if the streams are split.</param>
    /// <param name="time">The clock of messages.</param>
    /// <exception cref="ConfigurationException">The logging section is invalid; the message begins with <c>initialize logging: </c>.</exception>
    public static AgentLogging Create(KubeProxyConfiguration configuration, Stream errors, Stream output, TimeProvider time)
    {
        IReadOnlyList<string> problems = ConfigurationValidator.ValidateLogging(configuration);
        if (problems.Count != 0)
        {
            throw new ConfigurationException("initialize logging: " + ConfigurationValidator.Join(problems));
        }

        KubeProxyConfiguration.LoggingConfiguration logging = configuration.Logging;
        bool isJson = logging.Format is "json";
        ILogFormat format = isJson ? new JsonLogFormat() : new TextLogFormat(Environment.ProcessId);
        bool isSplit = isJson ? logging.Json.SplitStream : logging.Text.SplitStream;
        LogVerbosity verbosity = new(logging.Verbosity, logging.Vmodule);
        KlogLoggerProvider provider = new(new LogSink(format, errors, isSplit ? output : errors), verbosity, time);

        // The provider filters by -v, which may change; the factory must not filter before it.
        return new AgentLogging(new LoggerFactory([provider], new LoggerFilterOptions { MinLevel = LogLevel.Trace }), verbosity);
    }

    /// <inheritdoc/>
    public void Dispose() => Factory.Dispose();
}
