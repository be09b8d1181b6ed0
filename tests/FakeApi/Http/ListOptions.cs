using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>The parameters of a list or watch, checked as the server checks them (kubernetes-wire.md 2.2, 3.1).</summary>
internal sealed class ListOptions
{
    private const string NotOlderThan = "NotOlderThan";

    private ListOptions(IQueryCollection query)
    {
        Watch = IsTrue(query["watch"]);
        ResourceVersion = query["resourceVersion"].ToString();
        Match = query["resourceVersionMatch"].ToString();
        Continue = query["continue"].ToString();
        SendInitialEvents = query.TryGetValue("sendInitialEvents", out Microsoft.Extensions.Primitives.StringValues send) ? IsTrue(send) : null;
        AllowBookmarks = IsTrue(query["allowWatchBookmarks"]);
        Limit = Number(query, "limit");
        TimeoutSeconds = Number(query, "timeoutSeconds");
        LabelSelector = query["labelSelector"].ToString();
        FieldSelector = query["fieldSelector"].ToString();
    }

    public bool Watch { get; }

    public string ResourceVersion { get; }

    public string Match { get; }

    public string Continue { get; }

    public bool? SendInitialEvents { get; }

    public bool AllowBookmarks { get; }

    public long Limit { get; }

    public long TimeoutSeconds { get; }

    public string LabelSelector { get; }

    public string FieldSelector { get; }

    /// <summary>The resourceVersion as a number; unset and 0 are both 0.</summary>
    public long Version { get; private set; }

    public static ListOptions Parse(IQueryCollection query, WatchListSupport watchList)
    {
        ListOptions options = new(query);
        List<StatusCause> causes = [];
        if (options.Watch)
        {
            options.CheckWatch(causes, watchList);
        }
        else
        {
            options.CheckList(causes);
        }

        if (causes.Count > 0)
        {
            throw new ApiException(ApiStatus.Invalid("meta.k8s.io", "ListOptions", "", causes));
        }

        if (options.ResourceVersion.Length > 0)
        {
            if (!long.TryParse(options.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out long version))
            {
                throw new ApiException(ApiStatus.BadRequest(
                    $"invalid resource version: resourceVersion: Invalid value: \"{options.ResourceVersion}\": "
                    + $"strconv.ParseUint: parsing \"{options.ResourceVersion}\": invalid syntax"));
            }

            options.Version = version;
        }

        return options;
    }

    private void CheckList(List<StatusCause> causes)
    {
        if (Match.Length > 0)
        {
            if (ResourceVersion.Length == 0)
            {
                causes.Add(StatusCause.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"));
            }

            CheckContinue(causes);
            if (Match is not (NotOlderThan or "Exact"))
            {
                causes.Add(StatusCause.NotSupported("resourceVersionMatch", Match, "Exact", NotOlderThan, ""));
            }

            if (Match == "Exact" && ResourceVersion == "0")
            {
                causes.Add(StatusCause.Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
            }
        }

        if (SendInitialEvents is not null)
        {
            causes.Add(StatusCause.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }
    }

    private void CheckWatch(List<StatusCause> causes, WatchListSupport watchList)
    {
        if (watchList == WatchListSupport.Ignored)
        {
            return;
        }

        if (SendInitialEvents is not null)
        {
            if (watchList == WatchListSupport.BadRequest)
            {
                throw new ApiException(ApiStatus.BadRequest("unable to decode: unknown parameter \"sendInitialEvents\""));
            }

            if (Match != NotOlderThan)
            {
                causes.Add(StatusCause.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
            }

            if (watchList == WatchListSupport.Refused)
            {
                causes.Add(StatusCause.Forbidden(
                    "sendInitialEvents",
                    "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"));
            }
        }

        if (Match.Length > 0)
        {
            if (SendInitialEvents is null)
            {
                causes.Add(StatusCause.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
            }

            if (Match != NotOlderThan)
            {
                causes.Add(StatusCause.NotSupported("resourceVersionMatch", Match, NotOlderThan));
            }

            CheckContinue(causes);
        }
    }

    private void CheckContinue(List<StatusCause> causes)
    {
        if (Continue.Length > 0)
        {
            causes.Add(StatusCause.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden with continue"));
        }
    }

    private static bool IsTrue(string? value) => value is "true" or "1" or "True";

    private static long Number(IQueryCollection query, string name) =>
        long.TryParse(query[name].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
}

/// <summary>The server's handling of <c>sendInitialEvents</c> (kubernetes-wire.md 3.2).</summary>
public enum WatchListSupport
{
    /// <summary>Serves streaming lists, as servers from 1.34 on.</summary>
    On,

    /// <summary>Refuses them with 422, as servers with the feature gate off.</summary>
    Refused,

    /// <summary>Answers 400, as a proxy that does not know the parameter.</summary>
    BadRequest,

    /// <summary>Does not know the parameter: synthetic ADDED events, and never an end marker.</summary>
    Ignored,
}
