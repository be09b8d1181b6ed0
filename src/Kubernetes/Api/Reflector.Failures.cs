using System.Net.Sockets;
using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Api;

/// <content>What follows from the ends and failures of requests (wire notes 3.4, 3.5).</content>
public sealed partial class Reflector<T>
{
    private static bool IsLostConnection(Exception e) =>
        e is IOException or HttpRequestException or SocketException or InvalidDataException or OperationCanceledException;

    /// <summary>A clean end: normally the watch's time is up, and the next one starts at once where it ended.</summary>
    private TimeSpan AfterEnd(bool hadEvents, TimeSpan lived)
    {
        ResetAfter(lived);
        if (_mustList)
        {
            return Wait("the server ended the stream before its initial list was complete", retryAfter: null);
        }

        if (!hadEvents && lived >= s_silentWatch)
        {
            // A watch from a version that the server has not reached is silent for ever, as after an etcd restore.
            _mustList = true;
        }

        bool isSuspicious = lived < s_shortWatch && (!hadEvents || _hasRetriedAtOnce);
        _hasRetriedAtOnce = lived < s_shortWatch;
        return isSuspicious ? Wait("the server ends watches as soon as they begin", retryAfter: null) : TimeSpan.Zero;
    }

    /// <summary>The stream broke off: one attempt at once, further ones after a pause, all from the last version.</summary>
    private TimeSpan AfterBreak(Exception e, bool hadEvents, TimeSpan lived)
    {
        ResetAfter(lived);
        bool mayRetryAtOnce = !_mustList && !_hasRetriedAtOnce && (hadEvents || lived >= s_shortWatch);
        _hasRetriedAtOnce = true;
        if (!hadEvents && lived >= s_silentWatch)
        {
            _mustList = true;
        }

        string problem = e is OperationCanceledException
            ? "the connection is dead: neither events nor the end of the watch arrived in time"
            : "the connection was lost: " + e.Message;
        return mayRetryAtOnce ? TimeSpan.Zero : Wait(problem, retryAfter: null);
    }

    /// <summary>
    /// Objects came, or none, but not the mark that ends a streaming list: something that does not know the parameter
    /// answers as if it had not been asked for one, and its stream would go on without an end (wire notes 3.2).
    /// </summary>
    private TimeSpan AfterListWithoutEnd()
    {
        Log.NoStreamingLists(_logger, _resource.Plural, "the end of the initial list did not come in time");
        _streamingRefused = _time.GetTimestamp();
        return TimeSpan.Zero;
    }

    private void ResetAfter(TimeSpan lived)
    {
        if (lived >= s_healthyWatch)
        {
            _backoff.Reset();
            _hasRetriedAtOnce = false;
        }
    }

    /// <summary>Decides after a failure of a request.</summary>
    /// <returns>How long to wait.</returns>
    private TimeSpan Judge(Exception e)
    {
        switch (e)
        {
            case ApiException refused:
                return AfterRefusal(refused);
            case WatchErrorException ended:
                return AfterError(ended);
            case WireException:
                _mustList = true;
                return Wait($"the server's answer cannot be understood: {e.Message}", retryAfter: null);
            case OperationCanceledException:
                return Wait("the API server does not answer in time", retryAfter: null);
            case HttpRequestException or IOException or SocketException or InvalidDataException:
                return Wait($"the API server cannot be reached: {Innermost(e)}", retryAfter: null);
            default:
                Log.Unexpected(_logger, _resource.Plural, e);
                _mustList = true;
                return Wait($"failed unexpectedly: {e.Message}", retryAfter: null);
        }
    }

    private static string Innermost(Exception e) =>
        e.InnerException is Exception inner && inner.Message != e.Message ? $"{e.Message} ({inner.Message})" : e.Message;

    /// <summary>An ERROR event.</summary>
    private TimeSpan AfterError(WatchErrorException e)
    {
        if (e.Status.IsExpired || e.Status.IsVersionTooLarge)
        {
            return AfterLostVersion(e.Status, e.Message);
        }

        _mustList |= e.Status.Code != 429;
        return Wait(e.Message, e.Status.RetryAfter);
    }

    private TimeSpan AfterRefusal(ApiException e)
    {
        ApiStatus status = e.Status;
        if (status.IsExpired || status.IsVersionTooLarge)
        {
            return AfterLostVersion(status, e.Message);
        }

        switch (status.Code)
        {
            case 400 when _usesFieldSelector && _resource.IsFieldSelectorOptional && status.Message.Contains("field label", StringComparison.Ordinal):
                Log.NoFieldSelector(_logger, _resource.Plural, _resource.FieldSelector);
                _usesFieldSelector = false;
                return TimeSpan.Zero;
            case 400 or 404 or 405 or 406 or 415 or 422 when _mustList && UsesStreamingLists:
                Log.NoStreamingLists(_logger, _resource.Plural, status.ToString());
                _streamingRefused = _time.GetTimestamp();
                return TimeSpan.Zero;
            case 400 or 422 when _mustList:
                // Perhaps a version from another life of the server; the next list asks for none.
                _listsWithoutVersion = true;
                return Wait(e.Message, status.RetryAfter);
            case 403:
                return Wait($"{e.Message}; {Remedy()}", status.RetryAfter);
            case 401:
                return Wait($"{e.Message}; check the token or client certificate of this node's kubeconfig or service account", status.RetryAfter);
            default:
                _mustList |= status.Code is >= 400 and < 500 and not 429;
                return Wait(e.Message, status.RetryAfter);
        }
    }

    /// <summary>
    /// The version is gone or not there yet: list again not older than what was seen, and if that is refused too, list
    /// whatever the server has.
    /// </summary>
    private TimeSpan AfterLostVersion(ApiStatus status, string message)
    {
        bool wasListing = _mustList;
        bool isFirstRefusal = wasListing && !_listsWithoutVersion;
        _mustList = true;
        _listsWithoutVersion |= wasListing;
        if (isFirstRefusal)
        {
            return TimeSpan.Zero;
        }

        return Wait(message, status.RetryAfter);
    }

    private string Remedy() =>
        $"allow the verbs list and watch on {_resource.Plural} of API group \"{_resource.Group}\", "
        + "for example by binding the ClusterRole system:node-proxier";
}
