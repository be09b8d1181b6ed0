using System.Net.Sockets;
using System.Runtime.InteropServices;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Wire;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Watch;

/// <summary>
/// Decides how a watch continues after a request has ended or failed (wire notes 3.4, 3.5): whether objects are listed again,
/// from which version, and after which delay. Holds what these decisions depend on. Used by one task.
/// </summary>
/// <param name="client">Waits for the server; its observer receives versions and problems.</param>
/// <param name="resource">The resource's plural name.</param>
/// <param name="group">Its API group; empty for the core group.</param>
/// <param name="optionalFieldSelector">A field selector that can be left out for a server that does not know it; empty if there is none.</param>
/// <param name="logger">The log.</param>
/// <param name="random">The source of jitter.</param>
internal sealed class WatchRecovery(
    ApiClient client, string resource, string group, string optionalFieldSelector, ILogger logger, Random random)
{
    /// <summary>A watch that ends sooner is suspicious, and one that lives longer is taken as working.</summary>
    public static readonly TimeSpan ShortWatch = TimeSpan.FromSeconds(1);

    /// <summary>Lists without a delay: one after a watch whose version is gone, and one after a list whose version is refused.</summary>
    private const int MaxListsAtOnce = 2;

    private static readonly TimeSpan s_quietAbsence = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_steadyWatch = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_healthyWatch = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_silentWatch = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_streamingRetry = TimeSpan.FromHours(1);

    private readonly TimeProvider _time = client.TimeProvider;
    private readonly Backoff _backoff = Backoff.AfterRefusals(random);
    private readonly Backoff _breakBackoff = Backoff.AfterBreaks(random);
    private readonly Backoff _overloadSpread = Backoff.Spread(random);
    private readonly WatchProblem _problem = new(client.Observer, resource, logger);

    private bool _hasEndedEarly;
    private int _breaks;
    private int _listsAtOnce;
    private long? _streamingRefused;

    /// <summary>The version that a watch continues from; empty before the first one.</summary>
    public string Version { get; private set; } = "";

    /// <summary>Whether objects must be listed before the watch continues.</summary>
    public bool MustList { get; private set; } = true;

    public ListBasis Basis { get; private set; }

    public bool UsesFieldSelector { get; private set; } = true;

    /// <summary>Whether lists come as initial events of a watch; false for an hour after the server has refused that.</summary>
    public bool UsesStreamingLists => _streamingRefused is not long since || _time.GetElapsedTime(since) >= s_streamingRetry;

    /// <summary>Whether a problem was reported and has not ended.</summary>
    public bool HasProblem => _problem.IsReported;

    /// <summary>A listing is complete; the watch continues from its version.</summary>
    public void OnListed(string version)
    {
        MustList = false;
        Basis = ListBasis.Seen;
        Advance(version);
    }

    /// <summary>The watch has seen everything up to a version; an empty one changes nothing.</summary>
    public void Advance(string version)
    {
        if (version.Length != 0)
        {
            Version = version;
            client.Observer.OnResourceVersion(resource, version);
        }
    }

    /// <summary>Reports that the watch works again, if a problem was reported.</summary>
    public void ReportRecovered() => _problem.ReportRecovered();

    /// <summary>Waits until the next attempt is due.</summary>
    public async Task WaitAsync(NextAttempt next, CancellationToken cancellationToken)
    {
        if (next.Absence is string absence)
        {
            await WaitForServerAsync(absence, cancellationToken);
        }
        else if (next.IsAsked)
        {
            await Task.Delay(next.Delay, _time, cancellationToken);
        }
        else
        {
            await client.PauseAsync(next.Delay, cancellationToken);
        }
    }

    /// <summary>The server ended a watch cleanly, usually because its time is up: the next one continues from its version at once.</summary>
    public NextAttempt AfterEnd(bool hadEvents, TimeSpan lived)
    {
        ResetAfter(lived);
        if (MustList)
        {
            return Wait("the server ended the stream before its initial list was complete");
        }

        if (!hadEvents && lived >= s_silentWatch)
        {
            // A watch from a version that the server has not reached stays silent, as after a restore of etcd.
            MustList = true;
        }

        bool isSuspicious = lived < ShortWatch && (!hadEvents || _hasEndedEarly);
        _hasEndedEarly = lived < ShortWatch;
        return isSuspicious ? Wait("the server ends watches as soon as they begin") : NextAttempt.AtOnce;
    }

    /// <summary>
    /// The connection was lost. The next server may have another history, for example after a restore of etcd, so that known
    /// versions mean nothing to it.
    /// </summary>
    public NextAttempt AfterBreak(Exception e, TimeSpan lived)
    {
        ResetAfter(lived);
        RelistFromCurrent();
        return NextAttempt.WhenReachable(e is OperationCanceledException
            ? "the connection is dead, and the API server cannot be reached: neither events nor the end of the watch arrived in time"
            : $"the connection was lost, and the API server cannot be reached: {Innermost(e)}");
    }

    /// <summary>An event has an older version than the one before it.</summary>
    public NextAttempt AfterStepBack(string version, TimeSpan lived)
    {
        ResetAfter(lived);
        Log.WentBack(logger, resource, Version, version);
        string problem = $"the versions run backwards, from {Version} to {version}";
        RelistFromCurrent();
        return _listsAtOnce++ < MaxListsAtOnce ? NextAttempt.AtOnce : Wait(problem);
    }

    /// <summary>Makes the next attempt list the current state of the server, even if that is older than what was seen.</summary>
    private void RelistFromCurrent()
    {
        MustList = true;
        if (Basis == ListBasis.Seen && Version.Length != 0)
        {
            Basis = ListBasis.Current;
        }
    }

    /// <summary>
    /// The end marker of a streaming list did not arrive in time. A server that does not know the parameter answers with a
    /// plain watch, which has no such marker (wire notes 3.2).
    /// </summary>
    public NextAttempt AfterListWithoutEnd()
    {
        Log.NoStreamingLists(logger, resource, "the end of the initial list did not come in time");
        _streamingRefused = _time.GetTimestamp();
        return NextAttempt.AtOnce;
    }

    private void ResetAfter(TimeSpan lived)
    {
        if (lived >= s_healthyWatch)
        {
            _backoff.Reset();
            _overloadSpread.Reset();
            _hasEndedEarly = false;
        }

        if (lived >= s_steadyWatch)
        {
            _breakBackoff.Reset();
            (_breaks, _listsAtOnce) = (0, 0);
        }
    }

    /// <summary>A request failed.</summary>
    public NextAttempt AfterFailure(Exception e)
    {
        switch (e)
        {
            case ApiException refused:
                return AfterRefusal(refused);
            case WatchErrorException ended:
                return AfterError(ended);
            case WireException:
                MustList = true;
                return Wait($"the server's answer cannot be understood: {e.Message}");
            case OperationCanceledException:
                RelistFromCurrent();
                return NextAttempt.WhenReachable("the API server cannot be reached: it does not answer in time");
            case HttpRequestException { HttpRequestError: HttpRequestError.UserAuthenticationError }:
                return Wait(e.Message);
            case HttpRequestException or IOException or SocketException or InvalidDataException:
                RelistFromCurrent();
                return NextAttempt.WhenReachable($"the API server cannot be reached: {Innermost(e)}");
            default:
                Log.Unexpected(logger, resource, e);
                MustList = true;
                return Wait($"failed unexpectedly: {e.Message}");
        }
    }

    private static string Innermost(Exception e) =>
        e.InnerException is Exception inner && inner.Message != e.Message ? $"{e.Message} ({inner.Message})" : e.Message;

    /// <summary>The server ended a watch with an ERROR event.</summary>
    private NextAttempt AfterError(WatchErrorException e)
    {
        if (e.Status.IsExpired || e.Status.IsVersionTooLarge)
        {
            return AfterLostVersion(e.Status, e.Message);
        }

        MustList |= e.Status.Code != 429;
        return Wait(e.Message, e.Status);
    }

    private NextAttempt AfterRefusal(ApiException e)
    {
        ApiStatus status = e.Status;
        if (status.IsExpired || status.IsVersionTooLarge)
        {
            return AfterLostVersion(status, e.Message);
        }

        switch (status.Code)
        {
            case 400 when UsesFieldSelector && optionalFieldSelector.Length != 0 && status.Message.Contains("field label", StringComparison.Ordinal):
                Log.NoFieldSelector(logger, resource, optionalFieldSelector);
                UsesFieldSelector = false;
                return NextAttempt.AtOnce;
            case 400 or 404 or 405 or 406 or 415 or 422 when MustList && UsesStreamingLists:
                Log.NoStreamingLists(logger, resource, status.ToString());
                _streamingRefused = _time.GetTimestamp();
                return NextAttempt.AtOnce;
            case 400 or 422 when MustList:
                // The version may be of an earlier state of the server; the next list names none.
                Basis = ListBasis.Unnamed;
                return Wait(e.Message, status);
            case 502 or 503 or 504:
                // A proxy or load balancer in front of the server answers while it is away.
                RelistFromCurrent();
                return status.RetryAfter is null ? NextAttempt.WhenReachable($"the API server cannot be reached: {e.Message}") : Wait(e.Message, status);
            case 403:
                return Wait($"{e.Message}; {Remedy()}", status);
            case 401:
                return Wait($"{e.Message}; check the token or client certificate of this node's kubeconfig or service account", status);
            default:
                MustList |= status.Code is >= 400 and < 500 and not 429;
                return Wait(e.Message, status);
        }
    }

    /// <summary>
    /// The version is no longer or not yet known to the server, which works otherwise: objects are listed at once, not older
    /// than what was seen, and if that is refused too, from the server's current state. Further lists are delayed.
    /// </summary>
    private NextAttempt AfterLostVersion(ApiStatus status, string message)
    {
        if (MustList)
        {
            Basis = Basis == ListBasis.Seen && Version.Length != 0 ? ListBasis.Current : ListBasis.Unnamed;
        }

        MustList = true;
        return _listsAtOnce++ < MaxListsAtOnce ? NextAttempt.AtOnce : Wait(message, status);
    }

    private string Remedy() =>
        $"allow the verbs list and watch on {resource} of API group \"{group}\", "
        + "for example by binding the ClusterRole system:node-proxier";

    private async Task WaitForServerAsync(string absence, CancellationToken cancellationToken)
    {
        Task answer = client.WaitForServerAsync(cancellationToken);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // Single lost connections are normal; only a server that does not return at once is reported.
        if (await Task.WhenAny(answer, Task.Delay(s_quietAbsence, _time, over.Token)) != answer && !cancellationToken.IsCancellationRequested)
        {
            _problem.ReportAbsence(absence);
        }

        await over.CancelAsync();
        await answer;
        if (_breaks++ > 0)
        {
            // The server answers, but connections break repeatedly.
            await client.PauseAsync(_breakBackoff.Next(), cancellationToken);
        }
    }

    private NextAttempt Wait(string problem)
    {
        TimeSpan delay = _backoff.Next();
        _problem.Report(problem, delay);
        return NextAttempt.After(delay);
    }

    /// <summary>Waits for the time that the server asked for, if it did.</summary>
    private NextAttempt Wait(string problem, ApiStatus status)
    {
        bool isOverload = status.Code == 429;
        if (status.RetryAfter is null && !isOverload)
        {
            return Wait(problem);
        }

        TimeSpan retryAfter = status.RetryAfter ?? _backoff.Next();
        TimeSpan delay = retryAfter + (isOverload ? _overloadSpread.Share() : _breakBackoff.Next());
        _problem.Report(problem, delay);
        return NextAttempt.AsAsked(delay);
    }
}

/// <summary>The state of the server that a list requests (wire notes 2.3, 3.2).</summary>
internal enum ListBasis
{
    /// <summary>Not older than what was seen before. Cheap, but refused by a server that was restored to an older state.</summary>
    Seen,

    /// <summary>
    /// The current state, even if it is older than what was seen: after a lost connection it may be another server, or one
    /// with another history. A plain list reads the version first, so that the list itself can come from the server's cache.
    /// </summary>
    Current,

    /// <summary>Any state, without naming a version, after versions have been refused.</summary>
    Unnamed,
}

/// <summary>When a watch continues after the end or the failure of a request.</summary>
/// <param name="Delay">The delay; ignored if there is an absence.</param>
/// <param name="IsAsked">Whether the server asked for the delay; otherwise a replaced credential ends it early.</param>
/// <param name="Absence">Why the server cannot be reached, for people; null if it can. The next attempt is made when it answers.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NextAttempt(TimeSpan Delay, bool IsAsked, string? Absence)
{
    public static NextAttempt AtOnce => default;

    public static NextAttempt After(TimeSpan delay) => new(delay, IsAsked: false, null);

    public static NextAttempt AsAsked(TimeSpan delay) => new(delay, IsAsked: true, null);

    public static NextAttempt WhenReachable(string absence) => new(TimeSpan.Zero, IsAsked: false, absence);
}

/// <summary>The server ended a watch with an ERROR event; the HTTP status was 200 (wire notes 3.4).</summary>
/// <param name="request">Method and path.</param>
/// <param name="status">The Status in the event.</param>
internal sealed class WatchErrorException(string request, ApiStatus status) : Exception($"{request}: ended with {status}")
{
    public ApiStatus Status { get; } = status;
}
