using System.Net.Sockets;
using System.Runtime.InteropServices;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Wire;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Watch;

/// <summary>
/// Decides how a watch goes on after a request has ended or failed (wire notes 3.4, 3.5): whether objects are listed again,
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

    /// <summary>A watch whose version is gone, and a list that is refused its version: then something is wrong with the server.</summary>
    private const int MaxListsAtOnce = 2;

    private static readonly TimeSpan s_quietAbsence = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_steadyWatch = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_healthyWatch = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_silentWatch = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_streamingRetry = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_longestRetryAfter = TimeSpan.FromMinutes(2);

    private readonly TimeProvider _time = client.TimeProvider;
    private readonly Backoff _backoff = Backoff.AfterRefusals(random);
    private readonly Backoff _breakBackoff = Backoff.AfterBreaks(random);
    private readonly Backoff _overloadSpread = Backoff.Spread(random);
    private readonly WatchProblem _problem = new(client.Observer, resource, logger);

    private bool _hasEndedEarly;
    private int _breaks;
    private int _listsAtOnce;
    private long? _streamingRefused;

    /// <summary>The version that a watch goes on from; empty before the first one.</summary>
    public string Version { get; private set; } = "";

    /// <summary>Whether objects must be listed before the watch goes on.</summary>
    public bool MustList { get; private set; } = true;

    public ListBasis Basis { get; private set; }

    public bool UsesFieldSelector { get; private set; } = true;

    /// <summary>Whether lists come as initial events of a watch; false for an hour after the server has refused that.</summary>
    public bool UsesStreamingLists => _streamingRefused is not long since || _time.GetElapsedTime(since) >= s_streamingRetry;

    /// <summary>Whether a problem was reported and has not ended.</summary>
    public bool HasProblem => _problem.IsReported;

    /// <summary>A listing is complete; the watch goes on from its version.</summary>
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

    /// <summary>A clean end: normally the watch's time is up, and the next one starts at once where it ended.</summary>
    public NextAttempt AfterEnd(bool hadEvents, TimeSpan lived)
    {
        ResetAfter(lived);
        if (MustList)
        {
            return Wait("the server ended the stream before its initial list was complete");
        }

        if (!hadEvents && lived >= s_silentWatch)
        {
            // A watch from a version that the server has not reached is silent for ever, as after an etcd restore.
            MustList = true;
        }

        bool isSuspicious = lived < ShortWatch && (!hadEvents || _hasEndedEarly);
        _hasEndedEarly = lived < ShortWatch;
        return isSuspicious ? Wait("the server ends watches as soon as they begin") : NextAttempt.AtOnce;
    }

    /// <summary>
    /// The stream broke off. Who answers next may have another past, such as a server whose etcd was put back: the versions
    /// from before mean nothing any more.
    /// </summary>
    public NextAttempt AfterBreak(Exception e, TimeSpan lived)
    {
        ResetAfter(lived);
        RelistFromCurrent();
        return NextAttempt.WhenReachable(e is OperationCanceledException
            ? "the connection is dead, and the API server cannot be reached: neither events nor the end of the watch arrived in time"
            : $"the connection was lost, and the API server cannot be reached: {Innermost(e)}");
    }

    /// <summary>A version is older than one before it.</summary>
    public NextAttempt AfterStepBack(string version, TimeSpan lived)
    {
        ResetAfter(lived);
        Log.WentBack(logger, resource, Version, version);
        string problem = $"the versions run backwards, from {Version} to {version}";
        RelistFromCurrent();
        return _listsAtOnce++ < MaxListsAtOnce ? NextAttempt.AtOnce : Wait(problem);
    }

    /// <summary>Lists again, whatever was seen before.</summary>
    private void RelistFromCurrent()
    {
        MustList = true;
        if (Basis == ListBasis.Seen && Version.Length != 0)
        {
            Basis = ListBasis.Current;
        }
    }

    /// <summary>
    /// Objects came, or none, but not the mark that ends a streaming list: something that does not know the parameter
    /// answers as if it had not been asked for one, and its stream would go on without an end (wire notes 3.2).
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

    /// <summary>An ERROR event.</summary>
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
                // Perhaps a version from another life of the server; the next list asks for none.
                Basis = ListBasis.Unnamed;
                return Wait(e.Message, status);
            case 502 or 503 or 504:
                // Something in front of the server answers while it is away.
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
    /// The version is gone or not there yet. That is the answer of a live server: list again at once, not older than what
    /// was seen, and if that is refused too, whatever the server has. One that keeps refusing is not hammered.
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

        // Connections are lost now and then; only a server that does not come back at once is worth a word.
        if (await Task.WhenAny(answer, Task.Delay(s_quietAbsence, _time, over.Token)) != answer && !cancellationToken.IsCancellationRequested)
        {
            _problem.ReportAbsence(absence);
        }

        await over.CancelAsync();
        await answer;
        if (_breaks++ > 0)
        {
            // It answers, and yet the connections break.
            await client.PauseAsync(_breakBackoff.Next(), cancellationToken);
        }
    }

    private NextAttempt Wait(string problem)
    {
        TimeSpan delay = _backoff.Next();
        _problem.Report(problem, delay);
        return NextAttempt.After(delay);
    }

    /// <summary>Waits as long as the server wants, if it says so.</summary>
    private NextAttempt Wait(string problem, ApiStatus status)
    {
        bool isOverload = status.Code == 429;
        if (status.RetryAfter is null && !isOverload)
        {
            return Wait(problem);
        }

        TimeSpan asked = status.RetryAfter is TimeSpan said ? (said < s_longestRetryAfter ? said : s_longestRetryAfter) : _backoff.Next();
        TimeSpan delay = asked + (isOverload ? _overloadSpread.Share() : _breakBackoff.Next());
        _problem.Report(problem, delay);
        return NextAttempt.AsAsked(delay);
    }
}

/// <summary>Which state of the server a listing asks for (wire notes 2.3, 3.2).</summary>
internal enum ListBasis
{
    /// <summary>Not older than what was seen before. Cheap, but a server that was put back to an older state refuses it.</summary>
    Seen,

    /// <summary>
    /// What the server has now, whatever was seen before: after a lost connection it may be another server, or one with
    /// another past. A plain list asks for the version first, so that the list itself can come from the server's cache.
    /// </summary>
    Current,

    /// <summary>Whatever the server has, without naming any version; versions have been refused.</summary>
    Unnamed,
}

/// <summary>When a watch goes on after the end or the failure of a request.</summary>
/// <param name="Delay">How long it waits.</param>
/// <param name="IsAsked">Whether the server asked for the delay; else a credential that is replaced ends it.</param>
/// <param name="Absence">Why the server is thought to be away, in words for people; null if it is there.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NextAttempt(TimeSpan Delay, bool IsAsked, string? Absence)
{
    /// <summary>At once.</summary>
    public static NextAttempt AtOnce => default;

    /// <summary>After a pause.</summary>
    public static NextAttempt After(TimeSpan delay) => new(delay, IsAsked: false, null);

    /// <summary>After a pause that the server asked for.</summary>
    public static NextAttempt AsAsked(TimeSpan delay) => new(delay, IsAsked: true, null);

    /// <summary>As soon as the server is there again.</summary>
    public static NextAttempt WhenReachable(string absence) => new(TimeSpan.Zero, IsAsked: false, absence);
}

/// <summary>The server ended a watch with an ERROR event; the HTTP status was 200 (wire notes 3.4).</summary>
/// <param name="request">Method and path.</param>
/// <param name="status">The object of the event.</param>
internal sealed class WatchErrorException(string request, ApiStatus status) : Exception($"{request}: ended with {status}")
{
    /// <summary>What the server said.</summary>
    public ApiStatus Status { get; } = status;
}
