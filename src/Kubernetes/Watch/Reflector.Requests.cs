using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Watch;

/// <content>The two kinds of requests.</content>
public sealed partial class Reflector<T>
{
    /// <summary>A plain list, in pages if the server wants that (wire notes 2.3, 2.4).</summary>
    private async Task<NextAttempt> ListAsync(CancellationToken cancellationToken)
    {
        string version = _basis switch
        {
            ListBasis.Current => await AskVersionAsync(cancellationToken),
            ListBasis.Unnamed => "",
            _ => _version.Length == 0 ? "0" : _version,
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
                end = await ListPageAsync(_resource.ListPath(version, limit, token, _usesFieldSelector), takesItems: true, cancellationToken);
            }
            catch (ApiException e) when (token.Length != 0 && e.Status.IsExpired)
            {
                // The server offers to go on with a mixture of versions; one whole list is right instead.
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

    /// <summary>The version that the server is at now: a list of one object tells it (wire notes 2.3).</summary>
    private async Task<string> AskVersionAsync(CancellationToken cancellationToken) =>
        (await ListPageAsync(_resource.ListPath("", 1, "", _usesFieldSelector), takesItems: false, cancellationToken)).ResourceVersion ?? "";

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

    /// <summary>A watch; it begins with all objects if a listing is due (wire notes 3.1, 3.2).</summary>
    private async Task<NextAttempt> WatchAsync(CancellationToken cancellationToken)
    {
        int seconds = _random.Next(MinWatchSeconds, MaxWatchSeconds + 1);
        string version = _mustList && _basis != ListBasis.Seen ? "" : _version;
        string path = _resource.WatchPath(version, _mustList, seconds, _usesFieldSelector);
        using CancellationTokenSource deadline = new(s_headerDeadline, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        ApiRequest request = new(HttpMethod.Get, path) { IsWatch = true };
        using HttpResponseMessage response = await _client.SendAsync(request, either.Token);

        // A half-open connection is noticed by HTTP/2 pings; where there are none, by the server's missing its own time-out.
        TimeSpan life = TimeSpan.FromSeconds(seconds) + s_watchGrace;
        bool isListing = _mustList;
        long start = _time.GetTimestamp();
        deadline.CancelAfter(isListing ? s_listSilence : life);
        using IResourceStream<T> events = ResourceStreams.Watch(
            await response.Content.ReadAsStreamAsync(either.Token), FormatOf(response), _resource.ExpectedKind, _decoder, _names);
        if (isListing)
        {
            _names.BeginListing();
        }

        bool hadEvents = false;
        bool isProof = !isListing && _problem is not null;
        try
        {
            while (await (isProof ? ProveAsync(events, either.Token) : events.NextAsync(either.Token)) is ResourceEvent<T> next)
            {
                hadEvents = true;
                isProof = false;
                if (!_mustList && ResourceVersions.IsOlder(next.ResourceVersion, _version))
                {
                    return AfterStepBack(next.ResourceVersion, _time.GetElapsedTime(start));
                }

                Take(next, request);
                if (isListing)
                {
                    isListing = _mustList;
                    deadline.CancelAfter(isListing ? ListTimeLeft(start) : life);
                }
            }
        }
        catch (OperationCanceledException) when (isListing && deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return AfterListWithoutEnd();
        }
        catch (Exception e) when (Failures.IsLostConnection(e) && !cancellationToken.IsCancellationRequested)
        {
            return AfterBreak(e, _time.GetElapsedTime(start));
        }

        return AfterEnd(hadEvents, _time.GetElapsedTime(start));
    }

    /// <summary>
    /// The first event of a watch that goes on after a problem. Only this, or a while of silence, proves that it works: a
    /// version that is gone is told inside the stream, after a good answer (wire notes 13).
    /// </summary>
    private async ValueTask<ResourceEvent<T>?> ProveAsync(IResourceStream<T> events, CancellationToken cancellationToken)
    {
        Task<ResourceEvent<T>?> first = events.NextAsync(cancellationToken).AsTask();
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (await Task.WhenAny(first, Task.Delay(s_shortWatch, _time, over.Token)) != first && !cancellationToken.IsCancellationRequested)
        {
            Works();
        }

        await over.CancelAsync();
        ResourceEvent<T>? next = await first;
        if (next is { Type: not ResourceEventType.Error })
        {
            Works();
        }

        return next;
    }

    /// <summary>How long to wait for the next event of a streaming list: the whole must come in time as a plain list must.</summary>
    private TimeSpan ListTimeLeft(long start)
    {
        TimeSpan left = s_listDeadline - _time.GetElapsedTime(start);
        return left <= TimeSpan.Zero ? TimeSpan.Zero : left < s_listSilence ? left : s_listSilence;
    }

    private static WireFormat FormatOf(HttpResponseMessage response) =>
        ResourceStreams.FormatOf(response.Content.Headers.ContentType?.MediaType);

    private void Take(in ResourceEvent<T> next, ApiRequest request)
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
            case ResourceEventType.Bookmark when _mustList && next.EndsListing:
                Complete(next.ResourceVersion);
                return;
            default:
                break;
        }

        // Initial events come ordered by key: their versions are no place to go on from (wire notes 13).
        if (!_mustList)
        {
            Advance(next.ResourceVersion);
        }
    }
}
