namespace KubeProxySharp.Kubernetes.Client;

/// <summary>
/// Finds out when a server that could not be reached is there again: with one cheap request for all resources, not with a
/// back-off for each. Who comes first asks, the others wait for what it finds.
/// </summary>
/// <param name="client">Sends the requests.</param>
/// <param name="random">The source of jitter.</param>
internal sealed class Reachability(ApiClient client, Random random)
{
    /// <summary>
    /// Open to everybody by default (system:public-info-viewer), and answered with a failure while a server that has just
    /// been started would still refuse lists.
    /// </summary>
    private static readonly ApiRequest s_question = new(HttpMethod.Get, "/readyz");

    private static readonly TimeSpan s_firstStep = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_lastStep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_spread = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestRetryAfter = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private TaskCompletionSource<bool>? _asking;

    /// <summary>
    /// Waits until the server answers, with pauses from 0.1 s to 2 s between the questions; and then up to a second more,
    /// so that the lists of all nodes do not come at once. After half a minute it ends in any case: perhaps only the
    /// question is not answered.
    /// </summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TaskCompletionSource<bool>? mine = null;
            Task<bool> answer;
            lock (_lock)
            {
                if (_asking is null)
                {
                    _asking = mine = new(TaskCreationOptions.RunContinuationsAsynchronously);
                }

                answer = _asking.Task;
            }

            if (mine is not null)
            {
                await AskForAllAsync(mine, cancellationToken);
                return;
            }

            // Who asked may have been cancelled before it knew; then somebody else asks.
            if (await answer.WaitAsync(cancellationToken))
            {
                return;
            }
        }
    }

    private async Task AskForAllAsync(TaskCompletionSource<bool> answer, CancellationToken cancellationToken)
    {
        bool isAnswered = false;
        try
        {
            await AskAsync(cancellationToken);
            isAnswered = true;
        }
        finally
        {
            lock (_lock)
            {
                _asking = null;
            }

            answer.SetResult(isAnswered);
        }
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        Backoff steps = new(random, s_firstStep, s_lastStep);
        long start = client.TimeProvider.GetTimestamp();
        await client.PauseAsync(steps.Next(), cancellationToken);
        while (await AskOnceAsync(cancellationToken) is TimeSpan asked && client.TimeProvider.GetElapsedTime(start) < s_patience)
        {
            await client.PauseAsync((asked < s_longestRetryAfter ? asked : s_longestRetryAfter) + steps.Next(), cancellationToken);
        }

        await Task.Delay(s_spread * random.NextDouble(), client.TimeProvider, cancellationToken);
    }

    /// <summary>Asks once.</summary>
    /// <returns>Null if the server is there, else how long it wants to be left alone.</returns>
    private async Task<TimeSpan?> AskOnceAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource deadline = new(s_deadline, client.TimeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            using HttpResponseMessage response = await client.SendAsync(s_question, either.Token);
            return null;
        }
        catch (ApiException e)
        {
            // Whoever refuses is there.
            return e.Status.Code is 429 or >= 500 ? e.Status.RetryAfter ?? TimeSpan.Zero : null;
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.UserAuthenticationError)
        {
            // It was not asked at all: a credential plugin failed. The real request will say so.
            return null;
        }
        catch (Exception e) when (ApiClient.IsLostConnection(e) && !cancellationToken.IsCancellationRequested)
        {
            return TimeSpan.Zero;
        }
    }
}
