using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>Messages of the API client, ids 2000 to 2099.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Warning, "The API server warns: {Text}")]
    public static partial void ServerWarning(ILogger logger, string text);

    [LoggerMessage(2001, LogLevel.Warning, "Watching {Resource}: {Problem}; next attempt in {Delay}")]
    public static partial void WatchProblem(ILogger logger, string resource, string problem, TimeSpan delay);

    [LoggerMessage(2002, LogLevel.Debug, "Watching {Resource}: still {Problem}; next attempt in {Delay}")]
    public static partial void WatchProblemAgain(ILogger logger, string resource, string problem, TimeSpan delay);

    [LoggerMessage(2003, LogLevel.Information, "Watching {Resource}: listed {Count} objects at resource version {ResourceVersion}")]
    public static partial void Listed(ILogger logger, string resource, int count, string resourceVersion);

    [LoggerMessage(2004, LogLevel.Information, "Watching {Resource}: works again")]
    public static partial void WorksAgain(ILogger logger, string resource);

    [LoggerMessage(2005, LogLevel.Warning, "Watching {Resource}: left out {Problem}")]
    public static partial void UnusableObject(ILogger logger, string resource, string problem);

    [LoggerMessage(2006, LogLevel.Error, "Watching {Resource}: failed unexpectedly; listing again")]
    public static partial void Unexpected(ILogger logger, string resource, Exception exception);

    [LoggerMessage(2007, LogLevel.Information, "Watching {Resource}: the server has no streaming lists ({Answer}); using plain lists for an hour")]
    public static partial void NoStreamingLists(ILogger logger, string resource, string answer);

    [LoggerMessage(2008, LogLevel.Information, "Watching {Resource}: the server does not know the field selector {Selector}; selecting here instead")]
    public static partial void NoFieldSelector(ILogger logger, string resource, string selector);

    [LoggerMessage(2009, LogLevel.Warning, "Event {Reason} was not written: {Problem}")]
    public static partial void EventLost(ILogger logger, string reason, string problem);

    [LoggerMessage(2010, LogLevel.Warning, "The event queue is full; events are dropped")]
    public static partial void EventQueueFull(ILogger logger);

    [LoggerMessage(2011, LogLevel.Warning, "Watching {Resource}: {Problem}; continuing when the server answers")]
    public static partial void ServerAway(ILogger logger, string resource, string problem);

    [LoggerMessage(2012, LogLevel.Debug, "Watching {Resource}: still {Problem}; continuing when the server answers")]
    public static partial void ServerStillAway(ILogger logger, string resource, string problem);

    [LoggerMessage(2013, LogLevel.Information, "Watching {Resource}: the server has gone back from version {Seen} to {Found}, as after a restore of etcd; listing again")]
    public static partial void WentBack(ILogger logger, string resource, string seen, string found);

    [LoggerMessage(2014, LogLevel.Debug, "Event about {Kind} {Name}: its uid could not be looked up: {Problem}")]
    public static partial void NoUid(ILogger logger, string kind, string name, string problem);
}
