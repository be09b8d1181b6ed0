using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent;

/// <summary>
/// The tasks that make up the agent. Each runs until the agent ends; when one fails or ends by itself, all are ended, and its
/// error is that of the agent.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="end">Ends all.</param>
internal sealed partial class PartsOfAgent(ILogger log, CancellationTokenSource end)
{
    /// <summary>How long parts may take to end.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(8);

    private readonly Lock _gate = new();
    private readonly List<Task> _parts = [];
    private readonly TaskCompletionSource _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Adds a task that is running.</summary>
    public void Add(Task part)
    {
        lock (_gate)
        {
            _parts.Add(part);
        }
    }

    /// <summary>Ends the agent with an error.</summary>
    public void Fail(Exception error) => _failure.TrySetException(error);

    /// <summary>Waits until the agent ends.</summary>
    /// <exception cref="Exception">The error of the part that failed.</exception>
    public async Task WaitAsync()
    {
        Task[] parts;
        lock (_gate)
        {
            parts = [.. _parts];
        }

        Task first = await Task.WhenAny([.. parts, _failure.Task]);
        await end.CancelAsync();
        Task others = Task.WhenAll(parts);
        await Task.WhenAny(others, Task.Delay(s_limit, TimeProvider.System, CancellationToken.None));
        foreach (Task part in parts)
        {
            if (part != first && part.Exception is { } error && error.InnerException is not OperationCanceledException)
            {
                LogPart(error.GetBaseException());
            }
        }

        try
        {
            await first;
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    [LoggerMessage(EventId = 5040, Level = LogLevel.Warning, Message = "A part of the agent failed while it ended")]
    private partial void LogPart(Exception error);
}
