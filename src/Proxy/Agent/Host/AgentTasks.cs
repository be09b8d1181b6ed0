using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Host;

/// <summary>
/// The tasks that make up the agent. Each runs until the agent stops; when one fails or ends by itself, all are cancelled, and
/// its error is that of the agent.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="end">Cancels all tasks.</param>
internal sealed partial class AgentTasks(ILogger log, CancellationTokenSource end) : IAsyncDisposable
{
    /// <summary>How long tasks may take to end once they are cancelled.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(8);

    private readonly Lock _gate = new();
    private readonly List<Task> _tasks = [];
    private readonly TaskCompletionSource _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isEnded;

    /// <summary>Adds a task that is running.</summary>
    public void Add(Task task)
    {
        lock (_gate)
        {
            _tasks.Add(task);
        }
    }

    /// <summary>Ends the agent with an error.</summary>
    public void Fail(Exception error) => _failure.TrySetException(error);

    /// <summary>Waits for a step of the start, or until the agent ends.</summary>
    /// <param name="step">The step; it ends when the tasks are cancelled.</param>
    /// <returns>What the step returns.</returns>
    /// <exception cref="Exception">The error of the task that failed.</exception>
    public async Task<T> UntilAsync<T>(Task<T> step)
    {
        if (await Task.WhenAny([.. Snapshot(), _failure.Task, step]) != step)
        {
            await WaitAsync();
        }

        return await step;
    }

    /// <summary>Waits until the agent ends.</summary>
    /// <exception cref="Exception">The error of the task that failed.</exception>
    public async Task WaitAsync()
    {
        Task[] tasks = Snapshot();
        Task first = await Task.WhenAny([.. tasks, _failure.Task]);
        bool isStopped = end.IsCancellationRequested;
        await EndAsync(tasks);
        foreach (Task task in tasks)
        {
            if (task != first && task.Exception is { } error && error.InnerException is not OperationCanceledException)
            {
                LogFailedWhileStopping(error.GetBaseException());
            }
        }

        try
        {
            await first;
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The end of a task that was cancelled is no failure.
        }
        catch (Exception e) when (isStopped)
        {
            // A failure after cancellation is usually a consequence of it.
            LogFailedWhileStopping(e);
        }
    }

    /// <summary>Cancels all tasks that still run, before what they use is disposed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isEnded)
        {
            await EndAsync(Snapshot());
        }
    }

    private async Task EndAsync(Task[] tasks)
    {
        _isEnded = true;
        await end.CancelAsync();
        await Task.WhenAny(Task.WhenAll(tasks), Task.Delay(s_limit, TimeProvider.System, CancellationToken.None));
    }

    private Task[] Snapshot()
    {
        lock (_gate)
        {
            return [.. _tasks];
        }
    }

    [LoggerMessage(EventId = 5040, Level = LogLevel.Warning, Message = "A part of the agent failed while the agent was stopping")]
    private partial void LogFailedWhileStopping(Exception error);
}
