using KubeProxySharp.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Watch;

/// <summary>The problem that a watch has now, if any: logged as a warning when it changes, and at debug level while it lasts.</summary>
/// <param name="observer">Receives each new problem, and null when it has ended.</param>
/// <param name="resource">The resource's plural name.</param>
/// <param name="logger">The log.</param>
internal sealed class WatchProblem(IApiObserver observer, string resource, ILogger logger)
{
    private string? _reported;

    /// <summary>Whether a problem was reported and has not ended.</summary>
    public bool IsReported => _reported is not null;

    /// <summary>Reports a problem after which the next attempt comes with a delay.</summary>
    public void Report(string problem, TimeSpan delay)
    {
        if (problem == _reported)
        {
            Log.WatchProblemAgain(logger, resource, problem, delay);
            return;
        }

        _reported = problem;
        Log.WatchProblem(logger, resource, problem, delay);
        observer.OnProblem(resource, problem);
    }

    /// <summary>Reports a server that cannot be reached; the next attempt comes when it answers.</summary>
    public void ReportAbsence(string absence)
    {
        if (absence == _reported)
        {
            Log.ServerStillAway(logger, resource, absence);
            return;
        }

        _reported = absence;
        Log.ServerAway(logger, resource, absence);
        observer.OnProblem(resource, absence);
    }

    /// <summary>Reports that the watch works again; does nothing if no problem was reported.</summary>
    public void ReportRecovered()
    {
        if (_reported is not null)
        {
            _reported = null;
            Log.WorksAgain(logger, resource);
            observer.OnProblem(resource, null);
        }
    }
}
