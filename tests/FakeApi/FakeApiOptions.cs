using System.Net;
using System.Net.Sockets;
using KubeProxySharp.FakeApi.Http;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.FakeApi;

/// <summary>The behaviour of the server. Properties with a setter may change while it runs.</summary>
public sealed class FakeApiOptions
{
    /// <summary>The clock of timeouts, bookmarks and creation timestamps.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The port for TLS; 0 chooses a free one and keeps it over a restart.</summary>
    public int SecurePort { get; init; }

    /// <summary>
    /// Creates a bound socket for an address to listen on, for example in another network namespace; null for the network
    /// namespace of this process.
    /// </summary>
    public Func<EndPoint, Socket>? Bind { get; init; }

    /// <summary>The bearer token that is valid from the start, as user <c>system:kube-proxy</c>.</summary>
    public string Token { get; init; } = "fake-api-token";

    /// <summary>Whether requests without TLS need credentials, too.</summary>
    public bool CheckClearText { get; init; }

    /// <summary>Whether a request without credentials is made by <c>system:anonymous</c>, instead of being refused with 401.</summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>The number of changes of a type that stay watchable (kubernetes-wire.md 9).</summary>
    public int HistoryWindow { get; init; } = 20_000;

    /// <summary>The support for streaming lists.</summary>
    public WatchListSupport WatchList { get; set; }

    /// <summary>Whether it serves no protobuf, like a proxy in front of a server, or a custom resource.</summary>
    public bool JsonOnly { get; set; }

    /// <summary>The older version that lists of any age (resourceVersion 0) return, if it is set and still known.</summary>
    public long? StaleVersion { get; set; }

    /// <summary>The time between bookmarks.</summary>
    public TimeSpan BookmarkPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The time between the last bookmark of a watch and its end.</summary>
    public TimeSpan LastBookmark { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The duration of a watch without timeoutSeconds.</summary>
    public TimeSpan WatchTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a request waits for a version that does not exist yet (kubernetes-wire.md 2.3).</summary>
    public TimeSpan VersionWait { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>The number of events that may be queued for a reader that does not read, before its watch is aborted.</summary>
    public int WatchBuffer { get; set; } = 10_000;

    /// <summary>Whether a user may do something: user, verb, resource. Null allows all.</summary>
    public Func<string, string, Schema.ResourceType, bool>? Authorize { get; set; }

    /// <summary>Namespaces that exist besides default, kube-system, kube-public, kube-node-lease and those of Services.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>A text for a <c>Warning</c> header on every answer.</summary>
    public string? Warning { get; set; }

    /// <summary>Receives every request before the server; returns true if it has answered it.</summary>
    public Func<HttpContext, Task<bool>>? Intercept { get; init; }
}
