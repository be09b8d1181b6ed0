using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.FakeApi;

/// <content>Being away as a whole, in several ways, and coming back.</content>
public sealed partial class FakeApiServer
{
    /// <summary>What every request is answered while the server is away; null while it is not, or does not answer.</summary>
    internal AnswerFault? AwayAnswer { get; private set; }

    /// <summary>Goes away until <see cref="ComeBackAsync(ComeBackOptions, CancellationToken)"/>. Running watches end, unless the server hangs.</summary>
    /// <param name="kind">In which way.</param>
    /// <param name="retryAfter">The seconds of Retry-After on the answers of a server that still answers; null for none.</param>
    public async Task GoAwayAsync(AwayKind kind, int? retryAfter = null)
    {
        switch (kind)
        {
            case AwayKind.Refused:
                await GoDownAsync();
                return;
            case AwayKind.Hangs:
                Freeze();
                return;
            case AwayKind.AcceptsAndCloses:
                _gate.Close();
                break;
            case AwayKind.Unavailable:
                AwayAnswer = new AnswerFault(503, "ServiceUnavailable") { RetryAfter = retryAfter };
                break;
            case AwayKind.TooManyRequests:
                AwayAnswer = AnswerFault.TooManyRequests() with { RetryAfter = retryAfter };
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "is no way of being away");
        }

        DropConnections();
    }

    /// <summary>Serves again on the same ports, whichever way it was away.</summary>
    /// <param name="options">What has become of the server meanwhile.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    public async Task ComeBackAsync(ComeBackOptions options, CancellationToken cancellationToken = default)
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

        AwayAnswer = null;
        _gate.Open();
        Thaw();
        await ComeBackAsync(cancellationToken);
    }
}

/// <summary>What a server is like that comes back. By default nothing has changed.</summary>
public sealed record ComeBackOptions
{
    /// <summary>
    /// It was started anew: connections that hung are torn off, and its watch cache is empty, so that every version
    /// from before is expired (410).
    /// </summary>
    public bool IsRestarted { get; init; }

    /// <summary>It was started anew on the objects and the version of this state, as after a restore of etcd.</summary>
    public StoreState? RolledBackTo { get; init; }
}
