using KubeProxySharp.Proxy.Configuration;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>The log of the agent: what makes loggers, and what says how much they log.</summary>
internal sealed class AgentLogging : IDisposable
{
    private AgentLogging(ILoggerFactory factory, LogVerbosity verbosity)
    {
        Factory = factory;
        Verbosity = verbosity;
    }

    /// <summary>Makes loggers.</summary>
    public ILoggerFactory Factory { get; }

    /// <summary>How much is logged; may be changed at any time.</summary>
    public LogVerbosity Verbosity { get; }

    /// <summary>Sets the log up as the configuration says.</summary>
    /// <param name="configuration">The whole configuration: formats have gates.</param>
    /// <param name="errors">Standard error, where everything goes unless the streams are split.</param>
    /// <param name="output">Standard output, for what is no error when they are.</param>
    /// <param name="time">Tells the time of messages.</param>
    /// <exception cref="ConfigurationException">The logging section is wrong; begins with <c>initialize logging: </c>.</exception>
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

        // The provider decides by -v, which may change; the factory must not decide before it.
        return new AgentLogging(new LoggerFactory([provider], new LoggerFilterOptions { MinLevel = LogLevel.Trace }), verbosity);
    }

    /// <inheritdoc/>
    public void Dispose() => Factory.Dispose();
}
