using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>Gives each request to the port that its connection came in by.</summary>
/// <param name="logger">The log for faults; the client sees a bare 500.</param>
internal sealed class PortDispatcher(ILogger logger) : IHttpApplication<HttpContext>
{
    /// <inheritdoc/>
    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(HttpContext context) => await context.Features.GetRequiredFeature<PortConnection>().AnswerAsync(context);

    /// <inheritdoc/>
    public void DisposeContext(HttpContext context, Exception? exception)
    {
        // The context itself owns nothing. A client that went away is no fault.
        if (exception is not (null or OperationCanceledException))
        {
            ServingLog.AnswerFailed(logger, context.Request.Path, exception);
        }
    }
}
