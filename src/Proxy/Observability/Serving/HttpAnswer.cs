using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>Answers one request. Called concurrently; throws only for faults of the program, which close the connection.</summary>
/// <param name="context">The request and the response.</param>
internal delegate ValueTask HttpAnswer(HttpContext context);
