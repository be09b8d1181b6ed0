using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Wire;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Watch;

/// <summary>
/// Keeps a sink in step with one resource of the API server: lists, watches, and starts over whenever the server or the
/// way to it fails (wire notes 3). Objects are handed on as they arrive and are not kept; only their names are, to find
/// those that vanish unseen. What the sink has stays valid through every failure: losing the API server withdraws nothing.
/// </summary>
/// <typeparam name="T">The input type of the rule model.</typeparam>
public sealed partial class Reflector<T>
    where T : class
{
    private const int MinWatchSeconds = 300;
    private const int MaxWatchSeconds = 600;
    private const int PageLength = 500;

    /// <summary>A watch whose version is gone, and a list that is refused its version: then something is wrong with the server.</summary>
    private const int MaxListsAtOnce = 2;

    private static readonly TimeSpan s_headerDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_listDeadline = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan s_listSilence = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_watchGrace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_shortWatch = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_quietAbsence = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_steadyWatch = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_healthyWatch = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_silentWatch = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_streamingRetry = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_longestRetryAfter = TimeSpan.FromMinutes(2);

    private readonly ApiClient _client;
    private readonly ApiResource<T> _resource;
    private readonly IResourceSink<T> _sink;
    private readonly ILogger _logger;
    private readonly Random _random;
    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private readonly Backoff _breakBackoff;
    private readonly Backoff _overloadSpread;
    private readonly IResourceDecoder<T> _decoder;
    private readonly NameTable _names;

    private string _version = "";
    private bool _mustList = true;
    private ListBasis _basis;
    private bool _usesFieldSelector = true;
    private bool _hasEndedEarly;
    private int _breaks;
    private int _listsAtOnce;
    private long? _streamingRefused;
    private string? _problem;

    /// <summary>Makes a reflector; <see cref="RunAsync"/> starts it.</summary>
    /// <param name="client">Sends its requests.</param>
    /// <param name="resource">What to watch.</param>
    /// <param name="sink">Receives the objects.</param>
    /// <param name="logger">Receives what happens.</param>
    /// <param name="random">The source of time-outs and delays.</param>
    public Reflector(ApiClient client, ApiResource<T> resource, IResourceSink<T> sink, ILogger<Reflector<T>> logger, Random random)
    {
        _client = client;
        _resource = resource;
        _sink = sink;
        _logger = logger;
        _random = random;
        _time = client.TimeProvider;
        _backoff = Backoff.AfterRefusals(random);
        _breakBackoff = Backoff.AfterBreaks(random);
        _overloadSpread = Backoff.Spread(random);
        Utf8StringPool pool = new();
        _decoder = resource.MakeDecoder(pool);
        _names = new(pool);
    }

    private bool UsesStreamingLists => _streamingRefused is not long since || _time.GetElapsedTime(since) >= s_streamingRetry;

    /// <summary>Lists and watches until it is cancelled; nothing else ends it.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            NextAttempt next;
            try
            {
                next = _mustList && !UsesStreamingLists
                    ? await ListAsync(cancellationToken)
                    : await WatchAsync(cancellationToken);
            }
            catch (Exception e)
            {
                // A request that fails at the moment of the stop is part of the stop.
                cancellationToken.ThrowIfCancellationRequested();
                next = Judge(e);
            }

            await PauseAsync(next, cancellationToken);
        }
    }

    /// <summary>A listing is complete.</summary>
    private void Complete(string version)
    {
        if (version.Length == 0 || version == "0")
        {
            throw new WireException("a listing ended without a resource version");
        }

        foreach (RuleModel.Inputs.NamespacedName name in _names.TakeVanished())
        {
            _sink.Remove(name);
        }

        _mustList = false;
        _basis = ListBasis.Seen;
        Advance(version);
        Log.Listed(_logger, _resource.Plural, _names.Count, version);
        _sink.Listed();
        Works();
    }

    private void Advance(string version)
    {
        if (version.Length != 0)
        {
            _version = version;
            _client.Observer.OnResourceVersion(_resource.Plural, version);
        }
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

    private void Works()
    {
        if (_problem is not null)
        {
            _problem = null;
            Log.WorksAgain(_logger, _resource.Plural);
            _client.Observer.OnProblem(_resource.Plural, null);
        }
    }

    private async Task PauseAsync(NextAttempt next, CancellationToken cancellationToken)
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
            await _client.PauseAsync(next.Delay, cancellationToken);
        }
    }

    private async Task WaitForServerAsync(string absence, CancellationToken cancellationToken)
    {
        Task answer = _client.WaitForServerAsync(cancellationToken);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // Connections are lost now and then; only a server that does not come back at once is worth a word.
        if (await Task.WhenAny(answer, Task.Delay(s_quietAbsence, _time, over.Token)) != answer && !cancellationToken.IsCancellationRequested)
        {
            TellAbsence(absence);
        }

        await over.CancelAsync();
        await answer;
        if (_breaks++ > 0)
        {
            // It answers, and yet the connections break.
            await _client.PauseAsync(_breakBackoff.Next(), cancellationToken);
        }
    }

    private NextAttempt Wait(string problem)
    {
        TimeSpan delay = _backoff.Next();
        Tell(problem, delay);
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
        Tell(problem, delay);
        return NextAttempt.AsAsked(delay);
    }

    private void TellAbsence(string absence)
    {
        if (absence == _problem)
        {
            Log.ServerStillAway(_logger, _resource.Plural, absence);
            return;
        }

        _problem = absence;
        Log.ServerAway(_logger, _resource.Plural, absence);
        _client.Observer.OnProblem(_resource.Plural, absence);
    }

    private void Tell(string problem, TimeSpan delay)
    {
        if (problem == _problem)
        {
            Log.WatchProblemAgain(_logger, _resource.Plural, problem, delay);
            return;
        }

        _problem = problem;
        Log.WatchProblem(_logger, _resource.Plural, problem, delay);
        _client.Observer.OnProblem(_resource.Plural, problem);
    }
}
