using Microsoft.Net.Http.Headers;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>Reads the <c>Accept</c> header (RFC 9110 section 12.5.1).</summary>
internal static class AcceptHeader
{
    private const int MaximumEntries = 16;

    /// <summary>The format of a scrape: OpenMetrics only if it is listed explicitly, with at least the weight of plain text.</summary>
    public static ExpositionFormat ExpositionFormatOf(IList<string?> accept)
    {
        double openMetrics = 0;
        double text = 0;
        foreach (MediaTypeHeaderValue type in Parse(accept))
        {
            double weight = type.Quality ?? 1;
            if (type.MediaType.Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase) && Parameter(type, "version") is "" or "1.0.0" or "0.0.1")
            {
                openMetrics = Math.Max(openMetrics, weight);
            }
            else if (type.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase) && Parameter(type, "version") is "" or "0.0.4")
            {
                text = Math.Max(text, weight);
            }
        }

        return openMetrics > 0 && openMetrics >= text ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText;
    }

    /// <summary>Whether JSON of a kind is requested: <c>application/json;v=v1alpha1;g=config.k8s.io;as=Flagz</c>.</summary>
    public static bool AsksForJson(IList<string?> accept, string kind) => Parse(accept).Any(type =>
        type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        && string.Equals(Parameter(type, "as"), kind, StringComparison.Ordinal)
        && string.Equals(Parameter(type, "g"), StatusPages.ApiGroup, StringComparison.Ordinal)
        && string.Equals(Parameter(type, "v"), StatusPages.ApiVersion, StringComparison.Ordinal));

    private static IEnumerable<MediaTypeHeaderValue> Parse(IList<string?> accept) =>
        MediaTypeHeaderValue.TryParseList(accept as IList<string> ?? [.. accept.OfType<string>()], out IList<MediaTypeHeaderValue>? types)
            ? types.Take(MaximumEntries)
            : [];

    private static string Parameter(MediaTypeHeaderValue type, string name) =>
        type.Parameters.FirstOrDefault(parameter => parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Value.Value ?? "";
}
