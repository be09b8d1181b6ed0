using System.Globalization;
using System.IO.Compression;
using KubeProxySharp.FakeApi.Schema;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>Writes whole answers with the headers of a real server.</summary>
internal static class Answers
{
    private const int GzipFrom = 128 * 1024;

    public static void SetCommonHeaders(HttpResponse response)
    {
        response.Headers["Audit-Id"] = Guid.NewGuid().ToString();
        response.Headers.CacheControl = "no-cache, private";
    }

    /// <summary>Sets the headers of priority and fairness, which every authenticated request gets (kubernetes-wire.md 6).</summary>
    public static void SetFairnessHeaders(HttpResponse response)
    {
        response.Headers["X-Kubernetes-Pf-Flowschema-Uid"] = "2acc3610-fcbe-49c6-8fe6-0da765a279e6";
        response.Headers["X-Kubernetes-Pf-Prioritylevel-Uid"] = "1b6b01e2-508e-4f8d-8794-d0abe3a157ed";
    }

    public static async Task SendStatusAsync(HttpContext context, ApiStatus status, WireFormat format)
    {
        context.Response.StatusCode = status.Code;
        if (status.RetryAfter > 0)
        {
            context.Response.Headers.RetryAfter = status.RetryAfter.ToString(CultureInfo.InvariantCulture);
        }

        if (status.Reason == "Forbidden")
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
        }

        byte[] body = format == WireFormat.Protobuf ? Envelope.Object("v1", "Status", status.ToProto()) : Format(context, status.ToJson());
        await SendAsync(context, format == WireFormat.Protobuf ? ContentNegotiation.Protobuf : ContentNegotiation.Json, body);
    }

    public static Task SendTextAsync(HttpContext context, int code, string text, string contentType = "text/plain; charset=utf-8")
    {
        context.Response.StatusCode = code;
        return SendAsync(context, contentType, System.Text.Encoding.UTF8.GetBytes(text));
    }

    public static async Task SendAsync(HttpContext context, string contentType, byte[] body)
    {
        context.Response.ContentType = contentType;
        SetLength(context, body.Length);
        await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>Sends a list, compressed if it is large and the client accepts that (kubernetes-wire.md 2.5).</summary>
    public static async Task SendListAsync(ApiRequest request, IEnumerable<ReadOnlyMemory<byte>> parts, AnswerBody body)
    {
        HttpContext context = request.Context;
        context.Response.ContentType = request.Format == WireFormat.Protobuf ? ContentNegotiation.Protobuf : ContentNegotiation.Json;
        List<ReadOnlyMemory<byte>> list = [.. parts];
        if (request.Format == WireFormat.Json)
        {
            list = IsPretty(context) ? [JsonText.Indent(Join(list))] : [.. list, "\n"u8.ToArray()];
        }

        int length = list.Sum(part => part.Length);
        if (length > GzipFrom && context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            context.Response.Headers.ContentEncoding = "gzip";
            context.Response.Headers.Vary = "Accept-Encoding";
            list = [Compress(list)];
        }
        else
        {
            SetLength(context, length);
        }

        await body.WriteAsync(list);
    }

    /// <summary>The text with line breaks for browsers and command-line tools, else with one at the end.</summary>
    public static byte[] Format(HttpContext context, byte[] json) => IsPretty(context) ? JsonText.Indent(json) : [.. json, (byte)'\n'];

    private static bool IsPretty(HttpContext context)
    {
        string agent = context.Request.Headers.UserAgent.ToString();
        return context.Request.Query["pretty"].ToString() is "1" or "true"
            || agent.StartsWith("curl", StringComparison.Ordinal)
            || agent.StartsWith("Wget", StringComparison.Ordinal)
            || agent.StartsWith("Mozilla/5.0", StringComparison.Ordinal);
    }

    /// <summary>Go's server sets Content-Length for a body that fits its buffer: 2 KiB, over HTTP/2 4 KiB.</summary>
    private static void SetLength(HttpContext context, int length)
    {
        if (length <= (HttpProtocol.IsHttp2(context.Request.Protocol) ? 4096 : 2048))
        {
            context.Response.ContentLength = length;
        }
    }

    private static byte[] Join(List<ReadOnlyMemory<byte>> parts)
    {
        byte[] whole = new byte[parts.Sum(part => part.Length)];
        int at = 0;
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            part.CopyTo(whole.AsMemory(at));
            at += part.Length;
        }

        return whole;
    }

    private static byte[] Compress(List<ReadOnlyMemory<byte>> parts)
    {
        using MemoryStream output = new();
        using (GZipStream gzip = new(output, CompressionLevel.Fastest))
        {
            foreach (ReadOnlyMemory<byte> part in parts)
            {
                gzip.Write(part.Span);
            }
        }

        return output.ToArray();
    }
}
