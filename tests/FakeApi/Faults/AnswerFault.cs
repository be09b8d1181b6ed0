namespace KubeProxySharp.FakeApi.Faults;

/// <summary>
/// Answers with a status code. Without a body that is a Status in the negotiated format; with one the body is sent as it is, as proxies
/// and priority and fairness do (kubernetes-wire.md 1.6).
/// </summary>
/// <param name="Code">The HTTP status code.</param>
/// <param name="Reason">The reason of the Status; ignored when a body is given.</param>
public sealed record AnswerFault(int Code, string Reason = "") : RequestFault
{
    /// <summary>The body, or null for a Status.</summary>
    public string? Body { get; init; }

    /// <summary>The type of the body.</summary>
    public string ContentType { get; init; } = "text/plain; charset=utf-8";

    /// <summary>The value of Retry-After in seconds, or null for none.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Priority and fairness turning the request away: text, not a Status.</summary>
    public static AnswerFault TooManyRequests(int retryAfter = 1) =>
        new(429) { Body = "Too many requests, please try again later.\n", RetryAfter = retryAfter };

    /// <summary>The page of a proxy in front of the server.</summary>
    public static AnswerFault BadGateway() =>
        new(502) { Body = "<html><body><h1>502 Bad Gateway</h1></body></html>\n", ContentType = "text/html" };
}
