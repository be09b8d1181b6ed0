using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>
/// The credential of a plugin, cached until it expires or the server refuses it (wire notes 5.5). One run at a time: requests
/// that come while the plugin runs use its result.
/// </summary>
/// <param name="plugin">Runs the plugin.</param>
/// <param name="timeProvider">The clock of expirations.</param>
/// <param name="logger">The log.</param>
internal sealed class PluginCredential(Plugin plugin, TimeProvider timeProvider, ILogger logger) : ICredentialSource
{
    private readonly SemaphoreSlim _running = new(1);
    private volatile PluginAnswer? _cached;

    public async ValueTask<Credential> GetAsync(CancellationToken cancellationToken)
    {
        if (Valid() is { } valid)
        {
            return valid;
        }

        await _running.WaitAsync(cancellationToken);
        try
        {
            if (Valid() is { } meanwhile)
            {
                return meanwhile;
            }

            PluginAnswer answer = await plugin.RunAsync(cancellationToken);
            logger.PluginRan(plugin.Command, answer.Expiration);
            _cached = answer;
            return answer.Credential;
        }
        finally
        {
            _running.Release();
        }
    }

    public void Reject(Credential credential)
    {
        PluginAnswer? cached = _cached;
        if (cached is not null && ReferenceEquals(cached.Credential, credential))
        {
            Interlocked.CompareExchange(ref _cached, null, cached);
        }
    }

    public void Dispose() => _running.Dispose();

    private Credential? Valid()
    {
        PluginAnswer? cached = _cached;
        return cached is null || (cached.Expiration is { } expiration && timeProvider.GetUtcNow() >= expiration) ? null : cached.Credential;
    }
}
