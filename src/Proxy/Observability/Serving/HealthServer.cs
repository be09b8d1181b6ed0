using System.Buffers;
using KubeProxySharp.Proxy.Observability.Health;
using KubeProxySharp.Proxy.Observability.Metrics;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>
/// Answers <c>/healthz</c>, <c>/livez</c> (spec 9.1) and <c>/readyz</c>. With <c>?verbose</c> the response has the same status and describes
/// which check failed, since when and with which error; kube-proxy does not have that.
/// </summary>
/// <param name="health">The health.</param>
/// <param name="metrics">Counts the answers.</param>
internal sealed class HealthServer(ProxyHealth health, ProbeMetrics metrics)
{
    /// <summary>Answers a request of any method.</summary>
    public ValueTask AnswerAsync(HttpContext context) => context.Request.Path.Value switch
    {
        "/healthz" => ProbeAsync(context, HealthProbe.Healthz),
        "/livez" => ProbeAsync(context, HealthProbe.Livez),
        "/readyz" => ProbeAsync(context, HealthProbe.Readyz),
        _ => Responses.NotFoundAsync(context),
    };

    private async ValueTask ProbeAsync(HttpContext context, HealthProbe probe)
    {
        HealthReport report = health.Read();
        bool isSuccess = HealthText.IsSuccess(report, probe);
        int status = isSuccess ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        metrics.Answered(probe, isSuccess);
        if (context.Request.Query.ContainsKey("verbose"))
        {
            await Responses.WriteTextAsync(context, HealthText.Describe(report, probe), status);
            return;
        }

        ArrayBufferWriter<byte> body = new();
        HealthText.WriteJson(report, probe, body);
        await Responses.WriteAsync(context, body.WrittenMemory, Responses.Json, status);
    }
}
