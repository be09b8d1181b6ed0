using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>Keeps a port open. After a failure it tries again in 5 s, or fails if the configuration says so (spec 9.1, 10.3).</summary>
/// <param name="host">The HTTP host.</param>
/// <param name="options">The port, and the handling of failures.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class ListenLoop(HttpHost host, ListenOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>The time from a failure to the next attempt.</summary>
    public static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    /// <summary>Runs until cancelled.</summary>
    /// <param name="answer">Answers the requests.</param>
    /// <param name="opened">Called each time the port is open.</param>
    /// <param name="cancellationToken">Ends it, without an exception.</param>
    /// <exception cref="IOException">Listening failed, and failures are final.</exception>
    public async Task RunAsync(HttpAnswer answer, Action<HttpPort> opened, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await ServeAsync(answer, opened, cancellationToken);
            }
            catch (IOException exception)
            {
                ServingLog.ListenFailed(logger, options.Name, options.Point, exception);
                options.Failed(exception.Message);
                if (options.IsFailureFinal)
                {
                    throw;
                }

                await Task.Delay(RetryInterval, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ServeAsync(HttpAnswer answer, Action<HttpPort> opened, CancellationToken cancellationToken)
    {
        await using HttpPort port = host.Open(options.Point, options.Limits, answer);
        ServingLog.Listening(logger, options.Name, port.LocalEndPoint);
        opened(port);
        await Task.WhenAny(port.Completion, Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken));
        if (!cancellationToken.IsCancellationRequested)
        {
            await port.Completion;
        }
    }
}

/// <summary>Options of a <see cref="ListenLoop"/>.</summary>
internal sealed record ListenOptions
{
    /// <summary>The name of the server in the log, such as <c>health</c>.</summary>
    public required string Name { get; init; }

    public required ListenPoint Point { get; init; }

    public ConnectionLimits Limits { get; init; } = HttpLimits.Health;

    /// <summary>Whether a failure ends the process (<c>bindAddressHardFail</c>) instead of being retried.</summary>
    public bool IsFailureFinal { get; init; }

    /// <summary>Called with the message of each failure, for an Event of the Node (spec 12.6).</summary>
    public Action<string> Failed { get; init; } = static _ => { };
}
