using System.Collections.Concurrent;

namespace KubeProxySharp.FakeApi;

/// <summary>The requests in the order in which they came.</summary>
public sealed class RequestLog
{
    private readonly ConcurrentQueue<RequestRecord> _requests = new();
    private int _number;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>All of them.</summary>
    public IReadOnlyList<RequestRecord> All => [.. _requests];

    /// <summary>Those that fit.</summary>
    public IReadOnlyList<RequestRecord> Where(Func<RequestRecord, bool> predicate) => [.. _requests.Where(predicate)];

    /// <summary>Waits until so many requests fit.</summary>
    /// <returns>The requests that fit.</returns>
    public async Task<IReadOnlyList<RequestRecord>> WaitForAsync(Func<RequestRecord, bool> predicate, int count, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed = Volatile.Read(ref _changed).Task;
            IReadOnlyList<RequestRecord> fitting = Where(predicate);
            if (fitting.Count >= count)
            {
                return fitting;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Forgets what has been seen.</summary>
    public void Clear() => _requests.Clear();

    internal int NextNumber() => Interlocked.Increment(ref _number);

    internal void Add(RequestRecord request)
    {
        _requests.Enqueue(request);
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }
}
