using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Logging;

/// <summary>Loggers that write Kubernetes' log formats.</summary>
/// <param name="sink">Where lines go.</param>
/// <param name="verbosity">What is logged.</param>
/// <param name="time">Tells the time of messages.</param>
internal sealed class KlogLoggerProvider(LogSink sink, LogVerbosity verbosity, TimeProvider time) : ILoggerProvider
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName)
    {
        string source = categoryName[(categoryName.LastIndexOf('.') + 1)..];
        return new KlogLogger(source, sink, verbosity, time);
    }

    /// <summary>Nothing is held back, so there is nothing to do.</summary>
    public void Dispose()
    {
    }
}
