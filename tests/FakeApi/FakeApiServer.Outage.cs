using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.FakeApi;

/// <content>Outages of the whole server, of several kinds, and the recovery from them.</content>
public sealed partial class FakeApiServer
{
    /// <summary>The answer to every request during an outage; null without an outage, and in one without answers.</summary>
    internal AnswerFault? OutageAnswer { get; private set; }

    /// <summary>Starts an outage, which lasts until <see cref="RecoverAsync(RecoveryOptions, CancellationToken)"/>. Running watches end, unless the server hangs.</summary>
    /// <param name="kind">The kind of the outage.</param>
    /// <param name="retryAfter">Retry-After in seconds on the answers of a server that still answers; null for none.</param>
    public async Task StartOutageAsync(OutageKind kind, int? retryAfter = null)
    {
        switch (kind)
        {
            case OutageKind.Refused:
                await StopListeningAsync();
                return;
            case OutageKind.Hangs:
                Freeze();
                return;
            case OutageKind.AcceptsAndCloses:
                _gate.Close();
                break;
            case OutageKind.Unavailable:
                OutageAnswer = new AnswerFault(503, "ServiceUnavailable") { RetryAfter = retryAfter };
                break;
            case OutageKind.TooManyRequests:
                OutageAnswer = AnswerFault.TooManyRequests() with { RetryAfter = retryAfter };
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "is no kind of outage");
        }

        DropConnections();
    }

    /// <summary>Ends an outage of any kind: the server answers again on the same ports.</summary>
    /// <param name="options">The state of the server after the outage.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public async Task RecoverAsync(RecoveryOptions options, CancellationToken cancellationToken = default)
    {
        if (options.RolledBackTo is { } state)
        {
            Store.RollBackTo(state);
        }
        else if (options.IsRestarted)
        {
            Store.Restart();
        }

        if (options.IsRestarted || options.RolledBackTo is not null)
        {
            DropConnections();
        }

        OutageAnswer = null;
        _gate.Open();
        Unfreeze();
        await StartListeningAsync(cancellationToken);
    }
}

/// <summary>The state of a server after an outage. By default nothing has changed.</summary>
public sealed record RecoveryOptions
{
    /// <summary>
    /// Whether it was restarted: connections that hung are dropped, and its watch cache is empty, so that every earlier
    /// version is expired (410).
    /// </summary>
    public bool IsRestarted { get; init; }

    /// <summary>The objects and the version with which it was restarted, as after a restore of etcd; null to keep them.</summary>
    public StoreState? RolledBackTo { get; init; }
}
