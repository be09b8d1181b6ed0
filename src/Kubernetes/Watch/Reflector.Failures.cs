using System.Net.Sockets;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Watch;

/// <content>What follows from the ends and failures of requests (wire notes 3.4, 3.5).</content>
public sealed partial class Reflector<T>
{
    /// <summary>A clean end: normally the watch's time is up, and the next one starts at once where it ended.</summary>
    private NextAttempt AfterEnd(bool hadEvents, TimeSpan lived)
    {
        ResetAfter(lived);
        if (_mustList)
        {
            return Wait("the server ended the stream before its initial list was complete");
        }

        if (!hadEvents && lived >= s_silentWatch)
        {
            // A watch from a version that the server has not reached is silent for ever, as after an etcd restore.
            _mustList = true;
        }

        bool isSuspicious = lived < s_shortWatch && (!hadEvents || _hasEndedEarly);
        _hasEndedEarly = lived < s_shortWatch;
        return isSuspicious ? Wait("the server ends watches as soon as they begin") : NextAttempt.AtOnce;
    }

    /// <summary>
    /// The stream broke off. Who answers next may have another past, such as a server whose etcd was put back: the versions
    /// from before mean nothing any more.
    /// </summary>
    private NextAttempt AfterBreak(Exception e, TimeSpan lived)
    {
        ResetAfter(lived);
        Distrust();
        return NextAttempt.WhenReachable(e is OperationCanceledException
            ? "the connection is dead, and the API server cannot be reached: neither events nor the end of the watch arrived in time"
            : $"the connection was lost, and the API server cannot be reached: {Innermost(e)}");
    }

    /// <summary>A version is older than one before it.</summary>
    private NextAttempt AfterStepBack(string version, TimeSpan lived)
    {
        ResetAfter(lived);
        Log.WentBack(_logger, _resource.Plural, _version, version);
        string problem = $"the versions run backwards, from {_version} to {version}";
        Distrust();
        return _listsAtOnce++ < MaxListsAtOnce ? NextAttempt.AtOnce : Wait(problem);
    }

    /// <summary>Lists again, whatever was seen before.</summary>
    private void Distrust()
    {
        _mustList = true;
        if (_basis == ListBasis.Seen && _version.Length != 0)
        {
            _basis = ListBasis.Current;
        }
    }

    /// <summary>
    /// Objects came, or none, but not the mark that ends a streaming list: something that does not know the parameter
    /// answers as if it had not been asked for one, and its stream would go on without an end (wire notes 3.2).
    /// </summary>
    private NextAttempt AfterListWithoutEnd()
    {
        Log.NoStreamingLists(_logger, _resource.Plural, "the end of the initial list did not come in time");
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

    /// <summary>Decides after a failure of a request.</summary>
    /// <returns>How long to wait.</returns>
    private NextAttempt Judge(Exception e)
    {
        switch (e)
        {
            case ApiException refused:
                return AfterRefusal(refused);
            case WatchErrorException ended:
                return AfterError(ended);
            case WireException:
                _mustList = true;
                return Wait($"the server's answer cannot be understood: {e.Message}");
            case OperationCanceledException:
                Distrust();
                return NextAttempt.WhenReachable("the API server cannot be reached: it does not answer in time");
            case HttpRequestException { HttpRequestError: HttpRequestError.UserAuthenticationError }:
                return Wait(e.Message);
            case HttpRequestException or IOException or SocketException or InvalidDataException:
                Distrust();
                return NextAttempt.WhenReachable($"the API server cannot be reached: {Innermost(e)}");
            default:
                Log.Unexpected(_logger, _resource.Plural, e);
                _mustList = true;
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

        _mustList |= e.Status.Code != 429;
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
            case 400 when _usesFieldSelector && _resource.IsFieldSelectorOptional && status.Message.Contains("field label", StringComparison.Ordinal):
                Log.NoFieldSelector(_logger, _resource.Plural, _resource.FieldSelector);
                _usesFieldSelector = false;
                return NextAttempt.AtOnce;
            case 400 or 404 or 405 or 406 or 415 or 422 when _mustList && UsesStreamingLists:
                Log.NoStreamingLists(_logger, _resource.Plural, status.ToString());
                _streamingRefused = _time.GetTimestamp();
                return NextAttempt.AtOnce;
            case 400 or 422 when _mustList:
                // Perhaps a version from another life of the server; the next list asks for none.
                _basis = ListBasis.Unnamed;
                return Wait(e.Message, status);
            case 502 or 503 or 504:
                // Something in front of the server answers while it is away.
                Distrust();
                return status.RetryAfter is null ? NextAttempt.WhenReachable($"the API server cannot be reached: {e.Message}") : Wait(e.Message, status);
            case 403:
                return Wait($"{e.Message}; {Remedy()}", status);
            case 401:
                return Wait($"{e.Message}; check the token or client certificate of this node's kubeconfig or service account", status);
            default:
                _mustList |= status.Code is >= 400 and < 500 and not 429;
                return Wait(e.Message, status);
        }
    }

    /// <summary>
    /// The version is gone or not there yet. That is the answer of a live server: list again at once, not older than what
    /// was seen, and if that is refused too, whatever the server has. One that keeps refusing is not hammered.
    /// </summary>
    private NextAttempt AfterLostVersion(ApiStatus status, string message)
    {
        if (_mustList)
        {
            _basis = _basis == ListBasis.Seen && _version.Length != 0 ? ListBasis.Current : ListBasis.Unnamed;
        }

        _mustList = true;
        return _listsAtOnce++ < MaxListsAtOnce ? NextAttempt.AtOnce : Wait(message, status);
    }

    private string Remedy() =>
        $"allow the verbs list and watch on {_resource.Plural} of API group \"{_resource.Group}\", "
        + "for example by binding the ClusterRole system:node-proxier";
}
