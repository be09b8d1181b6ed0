using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Wire;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Watch;

/// <summary>
/// Keeps a sink up to date with one resource of the API server: lists, watches, and continues after every failure of the
/// server or the connection (wire notes 3), as <see cref="WatchRecovery"/> decides. Objects are passed on as they arrive and
/// are not stored; only their names are, to find objects that were deleted unobserved. A failure never removes objects from
/// the sink.
/// </summary>
/// <typeparam name="T">The input type of the rule model.</typeparam>
public sealed class Reflector<T>
    where T : class
{
    private const int MinWatchSeconds = 300;
    private const int MaxWatchSeconds = 600;
    private const int PageLength = 500;

    private static readonly TimeSpan s_headerDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_listDeadline = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan s_listSilence = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_watchGrace = TimeSpan.FromSeconds(30);

    private readonly ApiClient _client;
    private readonly ApiResource<T> _resource;
    private readonly IResourceSink<T> _sink;
    private readonly ILogger _logger;
    private readonly Random _random;
    private readonly TimeProvider _time;
    private readonly IResourceDecoder<T> _decoder;
    private readonly NameTable _names;
    private readonly WatchRecovery _recovery;

    /// <summary>Makes a reflector; <see cref="RunAsync"/> starts it.</summary>
    /// <param name="client">Sends its requests.</param>
    /// <param name="resource">The resource to watch.</param>
    /// <param name="sink">Receives the objects.</param>
    /// <param name="logger">The log.</param>
    /// <param name="random">The source of time-outs and delays.</param>
    public Reflector(ApiClient client, ApiResource<T> resource, IResourceSink<T> sink, ILogger<Reflector<T>> logger, Random random)
    {
        _client = client;
        _resource = resource;
        _sink = sink;
        _logger = logger;
        _random = random;
        _time = client.TimeProvider;
        Utf8StringPool pool = new();
        _decoder = resource.MakeDecoder(pool);
        _names = new(pool);
        _recovery = new(client, resource.Plural, resource.Group, resource.IsFieldSelectorOptional ? resource.FieldSelector : "", logger, random);
    }

    /// <summary>Lists and watches until it is cancelled.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            NextAttempt next;
            try
            {
                next = _recovery.MustList && !_recovery.UsesStreamingLists
                    ? await ListAsync(cancellationToken)
                    : await WatchAsync(cancellationToken);
            }
            catch (Exception e)
            {
                // A request that fails because of the cancellation is not a failure of the server.
                cancellationToken.ThrowIfCancellationRequested();
                next = _recovery.AfterFailure(e);
            }

            await _recovery.WaitAsync(next, cancellationToken);
        }
    }

    /// <summary>A plain list, in pages if the server wants that (wire notes 2.3, 2.4).</summary>
    private async Task<NextAttempt> ListAsync(CancellationToken cancellationToken)
    {
        string version = _recovery.Basis switch
        {
            ListBasis.Current => await ReadVersionAsync(cancellationToken),
            ListBasis.Unnamed => "",
            _ => _recovery.Version.Length == 0 ? "0" : _recovery.Version,
        };

        // With a version from before, a limit would mean "exactly this version", which may be gone.
        int limit = version is "" or "0" ? PageLength : 0;
        string token = "";
        _names.BeginListing();
        while (true)
        {
            ResourceEvent<T> end;
            try
            {
                end = await ListPageAsync(_resource.ListPath(version, limit, token, _recovery.UsesFieldSelector), takesItems: true, cancellationToken);
            }
            catch (ApiException e) when (token.Length != 0 && e.Status.IsExpired)
            {
                // The server offers to continue with a mixture of versions; one complete list is requested instead.
                token = "";
                limit = 0;
                _names.BeginListing();
                continue;
            }

            token = end.Continue ?? "";
            if (token.Length == 0)
            {
                Complete(end.ResourceVersion);
                return NextAttempt.AtOnce;
            }
        }
    }

    /// <summary>The current version of the server, from a list of one object (wire notes 2.3).</summary>
    private async Task<string> ReadVersionAsync(CancellationToken cancellationToken) =>
        (await ListPageAsync(_resource.ListPath("", 1, "", _recovery.UsesFieldSelector), takesItems: false, cancellationToken)).ResourceVersion ?? "";

    private async Task<ResourceEvent<T>> ListPageAsync(string path, bool takesItems, CancellationToken cancellationToken)
    {
        using CancellationTokenSource deadline = new(s_listDeadline, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        ApiRequest request = new(HttpMethod.Get, path);
        using HttpResponseMessage response = await _client.SendAsync(request, either.Token);
        using IResourceStream<T> items = ResourceStreams.List(
            await response.Content.ReadAsStreamAsync(either.Token), FormatOf(response), _resource.ExpectedKind, _decoder, _names);
        ResourceEvent<T> last = default;
        while (await items.NextAsync(either.Token) is ResourceEvent<T> item)
        {
            last = item;
            switch (item.Type)
            {
                case ResourceEventType.Put when takesItems:
                    Put(item);
                    break;
                case ResourceEventType.Unusable when takesItems:
                    LeaveOut(item);
                    break;
                default:
                    break;
            }
        }

        return last;
    }

    /// <summary>A watch; it begins with all objects if a list is due (wire notes 3.1, 3.2).</summary>
    private async Task<NextAttempt> WatchAsync(CancellationToken cancellationToken)
    {
        int seconds = _random.Next(MinWatchSeconds, MaxWatchSeconds + 1);
        string version = _recovery.MustList && _recovery.Basis != ListBasis.Seen ? "" : _recovery.Version;
        string path = _resource.WatchPath(version, _recovery.MustList, seconds, _recovery.UsesFieldSelector);
        using CancellationTokenSource deadline = new(s_headerDeadline, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        ApiRequest request = new(HttpMethod.Get, path) { IsWatch = true };
        using HttpResponseMessage response = await _client.SendAsync(request, either.Token);

        // A half-open connection is detected by HTTP/2 pings; without these, because the watch outlives its own timeout.
        TimeSpan life = TimeSpan.FromSeconds(seconds) + s_watchGrace;
        bool isListing = _recovery.MustList;
        long start = _time.GetTimestamp();
        deadline.CancelAfter(isListing ? s_listSilence : life);
        using IResourceStream<T> events = ResourceStreams.Watch(
            await response.Content.ReadAsStreamAsync(either.Token), FormatOf(response), _resource.ExpectedKind, _decoder, _names);
        if (isListing)
        {
            _names.BeginListing();
        }

        bool hadEvents = false;
        bool isUnproven = !isListing && _recovery.HasProblem;
        try
        {
            while (await (isUnproven ? FirstEventAsync(events, either.Token) : events.NextAsync(either.Token)) is ResourceEvent<T> next)
            {
                hadEvents = true;
                isUnproven = false;
                if (!_recovery.MustList && ResourceVersions.IsOlder(next.ResourceVersion, _recovery.Version))
                {
                    return _recovery.AfterStepBack(next.ResourceVersion, _time.GetElapsedTime(start));
                }

                Handle(next, request);
                if (isListing)
                {
                    isListing = _recovery.MustList;
                    deadline.CancelAfter(isListing ? ListTimeLeft(start) : life);
                }
            }
        }
        catch (OperationCanceledException) when (isListing && deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return _recovery.AfterListWithoutEnd();
        }
        catch (Exception e) when (ApiClient.IsLostConnection(e) && !cancellationToken.IsCancellationRequested)
        {
            return _recovery.AfterBreak(e, _time.GetElapsedTime(start));
        }

        return _recovery.AfterEnd(hadEvents, _time.GetElapsedTime(start));
    }

    /// <summary>
    /// Reads the first event of a watch that continues after a problem. Only an event, or no error for a while, shows that the
    /// watch works: a version that is gone is reported inside the stream, after status 200 (wire notes 13).
    /// </summary>
    private async ValueTask<ResourceEvent<T>?> FirstEventAsync(IResourceStream<T> events, CancellationToken cancellationToken)
    {
        Task<ResourceEvent<T>?> first = events.NextAsync(cancellationToken).AsTask();
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (await Task.WhenAny(first, Task.Delay(WatchRecovery.ShortWatch, _time, over.Token)) != first && !cancellationToken.IsCancellationRequested)
        {
            _recovery.ReportRecovered();
        }

        await over.CancelAsync();
        ResourceEvent<T>? next = await first;
        if (next is { Type: not ResourceEventType.Error })
        {
            _recovery.ReportRecovered();
        }

        return next;
    }

    /// <summary>The time limit for the next event of a streaming list, whose total time is limited as that of a plain list.</summary>
    private TimeSpan ListTimeLeft(long start)
    {
        TimeSpan left = s_listDeadline - _time.GetElapsedTime(start);
        return left <= TimeSpan.Zero ? TimeSpan.Zero : left < s_listSilence ? left : s_listSilence;
    }

    private static WireFormat FormatOf(HttpResponseMessage response) =>
        ResourceStreams.FormatOf(response.Content.Headers.ContentType?.MediaType);

    private void Handle(in ResourceEvent<T> next, ApiRequest request)
    {
        switch (next.Type)
        {
            case ResourceEventType.Put:
                Put(next);
                break;
            case ResourceEventType.Deleted:
                if (_names.Remove(next.Name))
                {
                    _sink.Remove(next.Name);
                }

                break;
            case ResourceEventType.Unusable:
                LeaveOut(next);
                break;
            case ResourceEventType.Error:
                throw new WatchErrorException(request.ToString(), next.Status ?? new ApiStatus());
            case ResourceEventType.Bookmark when _recovery.MustList && next.EndsListing:
                Complete(next.ResourceVersion);
                return;
            default:
                break;
        }

        // Initial events are ordered by key, so a watch cannot continue from their versions (wire notes 13).
        if (!_recovery.MustList)
        {
            _recovery.Advance(next.ResourceVersion);
        }
    }

    /// <summary>Handles the end of a list: objects that it did not contain are removed from the sink.</summary>
    private void Complete(string version)
    {
        if (version.Length == 0 || version == "0")
        {
            throw new WireException("a listing ended without a resource version");
        }

        foreach (NamespacedName name in _names.TakeVanished())
        {
            _sink.Remove(name);
        }

        _recovery.OnListed(version);
        Log.Listed(_logger, _resource.Plural, _names.Count, version);
        _sink.Listed();
        _recovery.ReportRecovered();
    }

    private void Put(in ResourceEvent<T> item)
    {
        _names.Mark(item.Name);
        _sink.Put(item.Value!); // an event of this type has its object
    }

    private void LeaveOut(in ResourceEvent<T> item)
    {
        if (item.Name.Name is not null)
        {
            _names.Keep(item.Name);
        }

        Log.UnusableObject(_logger, _resource.Plural, item.Problem ?? "");
    }
}

/// <summary>
/// Receives the changes of one resource, in order, on the task that reads the stream. It must not block: the server closes
/// the watch of a slow reader.
/// </summary>
/// <typeparam name="T">The input type of the rule model.</typeparam>
public interface IResourceSink<in T>
{
    /// <summary>Adds or replaces an object.</summary>
    void Put(T value);

    /// <summary>Removes an object. Objects that were deleted while there was no watch are reported after the next list.</summary>
    void Remove(NamespacedName name);

    /// <summary>A list is complete: the sink has exactly the objects of the server. Called after every list.</summary>
    void Listed();
}

/// <summary>Compares resource versions as far as they can be compared.</summary>
internal static class ResourceVersions
{
    /// <summary>
    /// Whether a version is older than one that was seen before on the same stream: then the server was restored to an older
    /// state. Only decimal numbers have an order; other versions are opaque.
    /// </summary>
    public static bool IsOlder(string? version, string than)
    {
        if (string.IsNullOrEmpty(version) || than.Length == 0 || !IsNumber(version) || !IsNumber(than))
        {
            return false;
        }

        return version.Length == than.Length ? string.CompareOrdinal(version, than) < 0 : version.Length < than.Length;
    }

    private static bool IsNumber(string version) => !version.AsSpan().ContainsAnyExceptInRange('0', '9') && (version[0] != '0' || version.Length == 1);
}
