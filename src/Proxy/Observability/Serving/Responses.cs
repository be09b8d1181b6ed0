using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>Writes responses with the headers of Go's servers.</summary>
internal static class Responses
{
    /// <summary>The type of JSON answers.</summary>
    public const string Json = "application/json";

    /// <summary>The type of text answers.</summary>
    public const string Text = "text/plain; charset=utf-8";

    private static readonly StringValues s_noSniff = "nosniff";

    /// <summary>Answers with text.</summary>
    public static ValueTask WriteTextAsync(HttpContext context, string text, int status = StatusCodes.Status200OK) =>
        WriteAsync(context, Encoding.UTF8.GetBytes(text), Text, status);

    /// <summary>Answers with bytes, and with <c>X-Content-Type-Options: nosniff</c>.</summary>
    public static async ValueTask WriteAsync(HttpContext context, ReadOnlyMemory<byte> body, string contentType, int status)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        response.Headers.XContentTypeOptions = s_noSniff;
        await response.BodyWriter.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>Answers for a path that does not exist, as Go's servers do.</summary>
    public static ValueTask NotFoundAsync(HttpContext context) =>
        WriteTextAsync(context, "404 page not found\n", StatusCodes.Status404NotFound);
}
