using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Host;

/// <summary>
/// The tasks that make up the agent. Each runs until the agent ends; when one fails or ends by itself, all are ended, and its
/// error is that of the agent.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="end">Ends all.</param>
internal sealed partial class AgentTasks(ILogger log, CancellationTokenSource end) : IAsyncDisposable
{
    /// <summary>How long parts may take to end.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(8);

    private readonly Lock _gate = new();
    private readonly List<Task> _parts = [];
    private readonly TaskCompletionSource _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isEnded;

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

    /// <summary>Waits for a step of the start, or until the agent ends.</summary>
    /// <param name="step">The step; it heeds the end.</param>
    /// <returns>What the step returns.</returns>
    /// <exception cref="Exception">The error of the part that failed.</exception>
    public async Task<T> UntilAsync<T>(Task<T> step)
    {
        if (await Task.WhenAny([.. Snapshot(), _failure.Task, step]) != step)
        {
            await WaitAsync();
        }

        return await step;
    }

    /// <summary>Waits until the agent ends.</summary>
    /// <exception cref="Exception">The error of the part that failed.</exception>
    public async Task WaitAsync()
    {
        Task[] parts = Snapshot();
        Task first = await Task.WhenAny([.. parts, _failure.Task]);
        bool isStopped = end.IsCancellationRequested;
        await EndAsync(parts);
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
        catch (Exception e) when (isStopped)
        {
            // What fails after the stop, fails because of it as a rule.
            LogPart(e);
        }
    }

    /// <summary>Ends all parts that still run: what they use goes next.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isEnded)
        {
            await EndAsync(Snapshot());
        }
    }

    private async Task EndAsync(Task[] parts)
    {
        _isEnded = true;
        await end.CancelAsync();
        await Task.WhenAny(Task.WhenAll(parts), Task.Delay(s_limit, TimeProvider.System, CancellationToken.None));
    }

    private Task[] Snapshot()
    {
        lock (_gate)
        {
            return [.. _parts];
        }
    }

    [LoggerMessage(EventId = 5040, Level = LogLevel.Warning, Message = "A part of the agent failed while it ended")]
    private partial void LogPart(Exception error);
}
