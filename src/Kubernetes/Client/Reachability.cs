namespace KubeProxySharp.Kubernetes.Client;

/// <summary>
/// Finds out when a server that could not be reached can be reached again: with one cheap probe for all resources instead of
/// a back-off for each. The first caller probes, and the others wait for its result.
/// </summary>
/// <param name="client">Sends the requests.</param>
/// <param name="random">The source of jitter.</param>
internal sealed class Reachability(ApiClient client, Random random)
{
    /// <summary>
    /// Allowed for all users by default (system:public-info-viewer). It fails while a server that has just been started would
    /// still refuse lists.
    /// </summary>
    private static readonly ApiRequest s_probe = new(HttpMethod.Get, "/readyz");

    private static readonly TimeSpan s_firstStep = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_lastStep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_timeLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_spread = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private TaskCompletionSource<bool>? _probing;

    /// <summary>
    /// Waits until the server answers, with pauses of 0.1 s to 2 s between the probes, and then for up to one second more so
    /// that the lists of all nodes do not coincide. It ends after half a minute in any case, as it may be only the probe that
    /// gets no answer.
    /// </summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TaskCompletionSource<bool>? mine = null;
            Task<bool> answer;
            lock (_lock)
            {
                if (_probing is null)
                {
                    _probing = mine = new(TaskCreationOptions.RunContinuationsAsynchronously);
                }

                answer = _probing.Task;
            }

            if (mine is not null)
            {
                await ProbeForAllAsync(mine, cancellationToken);
                return;
            }

            // The caller that probed may have been cancelled; then another one takes over.
            if (await answer.WaitAsync(cancellationToken))
            {
                return;
            }
        }
    }

    private async Task ProbeForAllAsync(TaskCompletionSource<bool> answer, CancellationToken cancellationToken)
    {
        bool isDone = false;
        try
        {
            await ProbeAsync(cancellationToken);
            isDone = true;
        }
        finally
        {
            lock (_lock)
            {
                _probing = null;
            }

            answer.SetResult(isDone);
        }
    }

    private async Task ProbeAsync(CancellationToken cancellationToken)
    {
        Backoff steps = new(random, s_firstStep, s_lastStep);
        long start = client.TimeProvider.GetTimestamp();
        await client.PauseAsync(steps.Next(), cancellationToken);
        while (await ProbeOnceAsync(cancellationToken) is TimeSpan retryAfter && client.TimeProvider.GetElapsedTime(start) < s_timeLimit)
        {
            await client.PauseAsync(retryAfter + steps.Next(), cancellationToken);
        }

        await Task.Delay(s_spread * random.NextDouble(), client.TimeProvider, cancellationToken);
    }

    /// <summary>Sends a probe.</summary>
    /// <returns>Null if the server can be reached; else its <c>Retry-After</c>, or zero.</returns>
    private async Task<TimeSpan?> ProbeOnceAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource deadline = new(s_deadline, client.TimeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            using HttpResponseMessage response = await client.SendAsync(s_probe, either.Token);
            return null;
        }
        catch (ApiException e)
        {
            // A server that refuses can be reached.
            return e.Status.Code is 429 or >= 500 ? e.Status.RetryAfter ?? TimeSpan.Zero : null;
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.UserAuthenticationError)
        {
            // No probe was sent: a credential plugin failed. The next request reports that.
            return null;
        }
        catch (Exception e) when (ApiClient.IsLostConnection(e) && !cancellationToken.IsCancellationRequested)
        {
            return TimeSpan.Zero;
        }
    }
}
