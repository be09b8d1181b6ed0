using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>
/// The credential of a plugin, kept until it expires or the server refuses it (wire notes 5.5). One run at a time: who
/// comes while the plugin runs uses what it gives.
/// </summary>
/// <param name="plugin">Runs the plugin.</param>
/// <param name="timeProvider">The clock of expirations.</param>
/// <param name="logger">Where runs are told.</param>
internal sealed class PluginCredential(Plugin plugin, TimeProvider timeProvider, ILogger logger) : ICredentialSource
{
    private readonly SemaphoreSlim _running = new(1);
    private volatile PluginAnswer? _kept;

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
            _kept = answer;
            return answer.Credential;
        }
        finally
        {
            _running.Release();
        }
    }

    public void Reject(Credential credential)
    {
        PluginAnswer? kept = _kept;
        if (kept is not null && ReferenceEquals(kept.Credential, credential))
        {
            Interlocked.CompareExchange(ref _kept, null, kept);
        }
    }

    public void Dispose() => _running.Dispose();

    private Credential? Valid()
    {
        PluginAnswer? kept = _kept;
        return kept is null || (kept.Expiration is { } expiration && timeProvider.GetUtcNow() >= expiration) ? null : kept.Credential;
    }
}
