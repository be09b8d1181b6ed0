using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Proxy.Observability.Status;
using KubeProxySharp.RuleModel.Model;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>Answers the paths of the metrics server (spec 10.3).</summary>
internal sealed class MetricsServer
{
    private const int UsualPageSize = 48 * 1024;
    private const int LargestKeptBuffer = 128 * 1024;
    private const string ConfigurationKey = "kubeproxy.config.k8s.io";
    private const string PrometheusType = "text/plain; version=0.0.4; charset=utf-8";
    private const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private readonly ProxyMetrics _metrics;
    private readonly KubeProxyConfiguration _configuration;
    private readonly Func<StatusReport>? _status;
    private readonly Func<IReadOnlyList<FamilyRules>>? _rules;
    private readonly ExplainPages? _explain;
    private readonly StatusPages? _flagz;
    private readonly StatusPages? _statusz;
    private ArrayBufferWriter<byte>? _spareBuffer;

    /// <summary>Makes the pages.</summary>
    public MetricsServer(ProxyMetrics metrics, MetricsServerOptions options, TimeProvider time)
    {
        _metrics = metrics;
        _configuration = options.Configuration;
        _status = options.Status;
        _rules = options.Rules;
        _explain = options is { Explain: { } write, Rules: { } rules } ? new(write, rules, time) : null;
        bool hasFlagz = FeatureGates.IsEnabled(_configuration, "ComponentFlagz", byDefault: true);
        bool hasStatusz = FeatureGates.IsEnabled(_configuration, "ComponentStatusz", byDefault: true);
        List<string> paths = ["/configz", "/healthz", "/metrics", "/metrics/slis", "/proxyMode"];
        paths.AddRange(hasFlagz ? ["/flagz"] : []);
        paths.AddRange(hasStatusz ? ["/statusz"] : []);
        paths.AddRange(options.Status is null ? [] : ["/", "/status"]);
        paths.AddRange(_explain is null ? [] : ["/explain"]);
        paths.Sort(StringComparer.Ordinal);
        StatusPages pages = new(options.Flags, paths, time);
        _flagz = hasFlagz ? pages : null;
        _statusz = hasStatusz ? pages : null;
    }

    /// <summary>Answers a request.</summary>
    public ValueTask AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        return path switch
        {
            "/metrics" => WriteMetricsAsync(context, _metrics.Write),
            "/metrics/slis" => AnswerHealthChecksAsync(context),
            "/healthz" => AnswerHealthzAsync(context),
            "/healthz/ping" => Responses.WriteTextAsync(context, "ok"),
            "/proxyMode" => Responses.WriteTextAsync(context, _configuration.EffectiveMode),
            "/configz" => Responses.WriteAsync(context, Configuration(), Responses.Json, StatusCodes.Status200OK),
            "/flagz" when _flagz is not null => AnswerStatusAsync(context, "Flagz", _flagz.FlagsText, _flagz.FlagsJson),
            "/statusz" when _statusz is not null => AnswerStatusAsync(context, "Statusz", _statusz.StatusText, _statusz.StatusJson),
            "/status" when _status is not null && IsRead(context) => Responses.WriteAsync(
                context, JsonSerializer.SerializeToUtf8Bytes(_status(), StatusJson.Default.StatusReport), Responses.Json, StatusCodes.Status200OK),
            "/" when _status is not null && IsRead(context) => WritePageAsync(context, StatusPage.Write(_status(), ServicesOf(context))),
            "/explain" when _explain is not null => _explain.AnswerAsync(context),
            _ when _configuration.EnableProfiling && path.StartsWith("/debug/", StringComparison.Ordinal) => Responses.WriteTextAsync(
                context,
                "404 not here: profiles of Go's pprof do not exist for .NET. "
                + "Memory and garbage collection are in /metrics (kubeproxysharp_dotnet_*).\n",
                StatusCodes.Status404NotFound),
            _ => Responses.NotFoundAsync(context),
        };
    }

    /// <summary>The Services that the page lists: all, or those of the search.</summary>
    private ServiceList? ServicesOf(HttpContext context)
    {
        if (_rules is null || _explain is null)
        {
            return null;
        }

        string query = context.Request.Query.TryGetValue("q", out StringValues values) ? values.ToString() : "";
        return ServiceList.Find(query[..Math.Min(query.Length, ServiceList.LongestQuery)], _rules());
    }

    private static bool IsRead(HttpContext context) => HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);

    /// <summary>A page without scripts, which no other page may embed.</summary>
    private static ValueTask WritePageAsync(HttpContext context, string page)
    {
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        context.Response.Headers.CacheControl = "no-store";
        return Responses.WriteAsync(context, Encoding.UTF8.GetBytes(page), "text/html; charset=utf-8", StatusCodes.Status200OK);
    }

    private static ValueTask AnswerStatusAsync(HttpContext context, string kind, Func<string> text, Func<ReadOnlyMemory<byte>> json) =>
        AcceptHeader.AsksForJson(context.Request.Headers.Accept, kind)
            ? Responses.WriteAsync(context, json(), Responses.Json, StatusCodes.Status200OK)
            : Responses.WriteTextAsync(context, text());

    // The page is written before the response begins, so that an exception gives a clean 500. Scrapes are sequential, so one buffer is kept.
    private async ValueTask WriteMetricsAsync(HttpContext context, Action<IBufferWriter<byte>, ExpositionFormat> write)
    {
        ExpositionFormat format = AcceptHeader.ExpositionFormatOf(context.Request.Headers.Accept);
        ArrayBufferWriter<byte> body = Interlocked.Exchange(ref _spareBuffer, null) ?? new(UsualPageSize);
        write(body, format);
        string contentType = format == ExpositionFormat.OpenMetricsText ? OpenMetricsType : PrometheusType;
        await Responses.WriteAsync(context, body.WrittenMemory, contentType, StatusCodes.Status200OK);
        body.ResetWrittenCount();
        Volatile.Write(ref _spareBuffer, body.Capacity <= LargestKeptBuffer ? body : null);
    }

    private ValueTask AnswerHealthChecksAsync(HttpContext context)
    {
        if (!HttpMethods.IsDelete(context.Request.Method))
        {
            return WriteMetricsAsync(context, _metrics.HealthChecks.Write);
        }

        _metrics.HealthChecks.Reset();
        return Responses.WriteTextAsync(context, "metrics reset\n");
    }

    private ValueTask AnswerHealthzAsync(HttpContext context)
    {
        _metrics.HealthChecks.Pinged();
        return Responses.WriteTextAsync(context, context.Request.Query.ContainsKey("verbose") ? "[+]ping ok\nhealthz check passed\n" : "ok");
    }

    private ReadOnlyMemory<byte> Configuration()
    {
        ArrayBufferWriter<byte> body = new();
        using Utf8JsonWriter json = new(body, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WritePropertyName(ConfigurationKey);
        ConfigurationJson.Write(json, _configuration);
        json.WriteEndObject();
        json.Flush();
        return body.WrittenMemory;
    }
}

/// <summary>Data of the pages of the metrics server.</summary>
internal sealed record MetricsServerOptions
{
    /// <summary>The effective configuration with defaults and flags; "primary" is not resolved.</summary>
    public required KubeProxyConfiguration Configuration { get; init; }

    /// <summary>Reads the state of the agent, for <c>/status</c> and <c>/</c>; null if there are no such pages.</summary>
    public Func<StatusReport>? Status { get; init; }

    /// <summary>The rules that the kernel has, of each family that has been written, for the Services on <c>/</c> and for <c>/explain</c>.</summary>
    public Func<IReadOnlyList<FamilyRules>>? Rules { get; init; }

    /// <summary>Writes the page <c>/explain</c>; null if there is none.</summary>
    public ExplainPageWriter? Explain { get; init; }

    /// <summary>All flags with their values, ordered by name, for <c>/flagz</c>; without secrets.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Flags { get; init; } = [];
}
