namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>The error of a request: the Status object of the API server, or only the HTTP code (wire notes 1.6, 3.4).</summary>
public sealed record ApiStatus
{
    /// <summary>The code, as in HTTP; 0 if unknown.</summary>
    public int Code { get; init; }

    /// <summary>The reason in one word, such as <c>Expired</c>; empty if the body was no Status.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The message for people; bounded in length.</summary>
    public string Message { get; init; } = "";

    /// <summary>The reasons of <c>details.causes</c>, joined by commas.</summary>
    public string Causes { get; init; } = "";

    /// <summary>The longest time that a server may ask for: nothing waits longer because of one wrong answer.</summary>
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(2);

    /// <summary>The time after which the server wants the next attempt, at most <see cref="LongestRetryAfter"/>; null if it gives none.</summary>
    public TimeSpan? RetryAfter { get; init => field = value > LongestRetryAfter ? LongestRetryAfter : value; }

    /// <summary>Whether the resource version that was asked for is no longer in the server's history.</summary>
    public bool IsExpired => Reason is "Expired" or "Gone" || (Reason.Length == 0 && Code == 410);

    /// <summary>Whether the server has not reached the resource version that was asked for.</summary>
    public bool IsVersionTooLarge => Causes.Contains("ResourceVersionTooLarge", StringComparison.Ordinal);

    /// <summary><c>403 Forbidden: message</c>.</summary>
    public override string ToString() =>
        $"{Code}{(Reason.Length == 0 ? "" : " " + Reason)}{(Message.Length == 0 ? "" : ": " + Message)}";
}
