using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Soak;

/// <summary>Counts the Events that the agent writes, those that only raise a count too.</summary>
internal sealed class EventCount
{
    private int _count;

    public int Written => Volatile.Read(ref _count);

    /// <summary>Sees a request, and leaves the answer to the server.</summary>
    public Task<bool> SeeAsync(HttpContext context)
    {
        bool isWrite = HttpMethods.IsPost(context.Request.Method) || HttpMethods.IsPatch(context.Request.Method) || HttpMethods.IsPut(context.Request.Method);
        if (isWrite && context.Request.Path.Value is { } path && path.Contains("/events", StringComparison.Ordinal))
        {
            Interlocked.Increment(ref _count);
        }

        return Task.FromResult(false);
    }
}
