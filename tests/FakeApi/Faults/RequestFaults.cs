namespace KubeProxySharp.FakeApi.Faults;

/// <summary>A fault of the server. See <see cref="FaultInjector.Inject(Fault, Schema.ResourceType?, int)"/>.</summary>
public abstract record Fault;

/// <summary>A fault that replaces the whole answer.</summary>
public abstract record RequestFault : Fault
{
    /// <summary>The verb that it concerns (get, list, watch, create, patch), or null for all.</summary>
    public string? Verb { get; init; }
}

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

    /// <summary>A request that priority and fairness rejects: with a text, not a Status.</summary>
    public static AnswerFault TooManyRequests(int retryAfter = 1) =>
        new(429) { Body = "Too many requests, please try again later.\n", RetryAfter = retryAfter };

    /// <summary>The page of a proxy in front of the server.</summary>
    public static AnswerFault BadGateway() =>
        new(502) { Body = "<html><body><h1>502 Bad Gateway</h1></body></html>\n", ContentType = "text/html" };
}

/// <summary>Receives the request and does not answer until the faults are cleared or the client cancels it.</summary>
public sealed record HangFault : RequestFault;

/// <summary>Ends the request without an answer: over HTTP/2 the stream is reset, over HTTP/1.1 the connection.</summary>
/// <param name="Connection">Whether the whole connection is reset over HTTP/2, too.</param>
public sealed record ResetFault(bool Connection = false) : RequestFault;

/// <summary>Serves the request and then closes the connection gracefully: GOAWAY over HTTP/2.</summary>
public sealed record GoAwayFault : RequestFault;
