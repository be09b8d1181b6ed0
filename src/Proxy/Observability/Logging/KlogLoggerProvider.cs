using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Logging;

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
