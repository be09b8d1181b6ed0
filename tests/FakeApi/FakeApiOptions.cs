using System.Net;
using System.Net.Sockets;
using KubeProxySharp.FakeApi.Http;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.FakeApi;

/// <summary>How the server behaves. What can change while it runs has a setter.</summary>
public sealed class FakeApiOptions
{
    /// <summary>The clock of timeouts, bookmarks and creation timestamps.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The port for TLS; 0 takes a free one and keeps it over a restart.</summary>
    public int SecurePort { get; init; }

    /// <summary>
    /// Makes a bound socket for an address to listen at, for instance in another network namespace; null for the network of
    /// this process.
    /// </summary>
    public Func<EndPoint, Socket>? Bind { get; init; }

    /// <summary>The bearer token that is valid from the start, as user <c>system:kube-proxy</c>.</summary>
    public string Token { get; init; } = "fake-api-token";

    /// <summary>Whether requests without TLS need credentials too.</summary>
    public bool CheckClearText { get; init; }

    /// <summary>Whether a request without credentials is one of <c>system:anonymous</c> rather than 401.</summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>How many changes of a type stay watchable (kubernetes-wire.md 9).</summary>
    public int HistoryWindow { get; init; } = 20_000;

    /// <summary>What becomes of streaming lists.</summary>
    public WatchListSupport WatchList { get; set; }

    /// <summary>Serves no protobuf: a proxy in between, or a custom resource.</summary>
    public bool JsonOnly { get; set; }

    /// <summary>Lists of any age (resourceVersion 0) show this older version, when it is set and still known.</summary>
    public long? StaleVersion { get; set; }

    /// <summary>The time between bookmarks.</summary>
    public TimeSpan BookmarkPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long before its end a watch gets its last bookmark.</summary>
    public TimeSpan LastBookmark { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The life of a watch that names no timeoutSeconds.</summary>
    public TimeSpan WatchTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a request waits for a version that does not exist yet (kubernetes-wire.md 2.3).</summary>
    public TimeSpan VersionWait { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How many events may wait for a reader that takes none before its watch is torn off.</summary>
    public int WatchBuffer { get; set; } = 10_000;

    /// <summary>Whether a user may do something: user, verb, resource. Null allows all.</summary>
    public Func<string, string, Schema.ResourceType, bool>? Authorize { get; set; }

    /// <summary>Namespaces that exist besides default, kube-system, kube-public, kube-node-lease and those of Services.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>A text for a <c>Warning</c> header on every answer.</summary>
    public string? Warning { get; set; }

    /// <summary>Sees every request before the server; true says that it has answered.</summary>
    public Func<HttpContext, Task<bool>>? Intercept { get; init; }
}
