using System.Globalization;
using System.Text;
using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>
/// Reads the body of an error response: a Status in either format, or any text from priority and fairness, proxies and load
/// balancers (wire notes 1.6). If the body cannot be read, the HTTP code remains.
/// </summary>
internal static class ErrorReader
{
    private const int MaxBodyLength = 64 * 1024;
    private const int MaxTextLength = 256;

    private static readonly TimeSpan s_bodyDeadline = TimeSpan.FromSeconds(10);

    public static async Task<ApiStatus> ReadAsync(HttpResponseMessage response, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        ApiStatus status = await ReadBodyAsync(response, timeProvider, cancellationToken);
        return status with
        {
            Code = status.Code == 0 ? (int)response.StatusCode : status.Code,
            RetryAfter = RetryAfter(response) ?? status.RetryAfter,
        };
    }

    private static async Task<ApiStatus> ReadBodyAsync(HttpResponseMessage response, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        using CancellationTokenSource deadline = new(s_bodyDeadline, timeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            using Stream stream = await response.Content.ReadAsStreamAsync(either.Token);
            byte[] body = new byte[MaxBodyLength];
            int length = await stream.ReadAtLeastAsync(body, MaxBodyLength, throwOnEndOfStream: false, either.Token);
            return Parse(body.AsSpan(0, length), ResourceStreams.FormatOf(response.Content.Headers.ContentType?.MediaType));
        }
        catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new ApiStatus { Message = "its body could not be read: " + e.Message };
        }
    }

    /// <summary>Reads a body whose format may be unknown.</summary>
    internal static ApiStatus Parse(ReadOnlySpan<byte> body, WireFormat format)
    {
        try
        {
            if (format == WireFormat.Protobuf)
            {
                Envelope envelope = Envelope.Read(body);
                return envelope.Type.IsStatus ? StatusWireReader.Read(envelope.Message) : new ApiStatus();
            }

            if (format == WireFormat.Json)
            {
                using MemoryStream text = new(body.ToArray());
                return new JsonObject<ApiStatus>(StatusDocumentReader.Read).Read(text);
            }
        }
        catch (WireException e)
        {
            return new ApiStatus { Message = "its body cannot be read: " + e.Message };
        }

        return new ApiStatus { Message = Plain(body) };
    }

    private static string Plain(ReadOnlySpan<byte> body)
    {
        string text = Encoding.UTF8.GetString(body[..Math.Min(body.Length, MaxTextLength)]);
        return string.Concat(text.Select(character => char.IsControl(character) ? ' ' : character)).Trim();
    }

    /// <summary>Whole seconds; other forms are ignored, as the API server sends no others (wire notes 6).</summary>
    private static TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        string? text = response.Headers.TryGetValues("Retry-After", out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? TimeSpan.FromSeconds(seconds) : null;
    }
}
