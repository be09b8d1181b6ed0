using System.Text.Json;
using System.Text.RegularExpressions;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>Handles POST and PATCH of Events (kubernetes-wire.md 10).</summary>
internal sealed partial class EventsAnswer(FakeApiServer server, ApiRequest request)
{
    private const int MaximumBody = 3 * 1024 * 1024;

    private readonly HttpContext _context = request.Context;

    public async Task CreateAsync()
    {
        byte[] body = await ReadAsync();
        string contentType = (_context.Request.ContentType ?? "").Split(';')[0].Trim();
        JsonElement document = contentType switch
        {
            ContentNegotiation.Protobuf => DecodeProto(body),
            ContentNegotiation.Json or "" => DecodeJson(body),
            _ => throw new ApiException(new(415, "UnsupportedMediaType", $"the body of the request was in an unknown format - {contentType}")),
        };
        if (!server.HasNamespace(request.Namespace))
        {
            throw new ApiException(new(404, "NotFound", $"namespaces \"{request.Namespace}\" not found")
            {
                Details = new() { Name = request.Namespace, Kind = "namespaces" },
            });
        }

        EventRules.Check(document, request.Namespace);
        string name = StoredObject.TextOf(document.GetProperty("metadata"), "name");
        if (server.Store.Find(request.Type, request.Namespace, name) is not null)
        {
            throw new ApiException(new(409, "AlreadyExists", $"{request.Type.QualifiedName} \"{name}\" already exists")
            {
                Details = new() { Name = name, Group = request.Type.Group, Kind = request.Type.Plural },
            });
        }

        await SendAsync(server.Store.Put(request.Type, document), StatusCodes.Status201Created);
    }

    public async Task PatchAsync()
    {
        string contentType = (_context.Request.ContentType ?? "").Split(';')[0].Trim();
        if (contentType is not ("application/strategic-merge-patch+json" or "application/merge-patch+json"))
        {
            throw new ApiException(new(415, "UnsupportedMediaType", $"the body of the request was in an unknown format - {contentType}"));
        }

        string stored = server.Store.Find(request.Type, request.Namespace, request.Name)
            ?? throw new ApiException(ApiStatus.NotFound(request.Type, request.Name));
        JsonElement patch = DecodeJson(await ReadAsync());
        System.Text.Json.Nodes.JsonNode merged = System.Text.Json.Nodes.JsonNode.Parse(stored) ?? throw new InvalidOperationException("null is not stored");
        Merge(merged.AsObject(), patch);
        using JsonDocument document = JsonDocument.Parse(merged.ToJsonString());
        EventRules.Check(document.RootElement, request.Namespace);
        await SendAsync(server.Store.Put(request.Type, document.RootElement), StatusCodes.Status200OK);
    }

    private static void Merge(System.Text.Json.Nodes.JsonObject target, JsonElement patch)
    {
        foreach (JsonProperty member in patch.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                target.Remove(member.Name);
            }
            else if (member.Value.ValueKind == JsonValueKind.Object && target[member.Name] is System.Text.Json.Nodes.JsonObject inner)
            {
                Merge(inner, member.Value);
            }
            else
            {
                target[member.Name] = System.Text.Json.Nodes.JsonNode.Parse(member.Value.GetRawText());
            }
        }
    }

    private async Task SendAsync(StoredObject item, int code)
    {
        _context.Response.StatusCode = code;
        if (request.Format == WireFormat.Protobuf)
        {
            await Answers.SendAsync(_context, ContentNegotiation.Protobuf, Envelope.Object(item.Type.ApiVersion, item.Type.Kind, item.Proto));
        }
        else
        {
            await Answers.SendAsync(_context, ContentNegotiation.Json, Answers.Format(_context, item.Json));
        }
    }

    private async Task<byte[]> ReadAsync()
    {
        using MemoryStream body = new();
        byte[] buffer = new byte[16 * 1024];
        while (await _context.Request.Body.ReadAsync(buffer, _context.RequestAborted) is int count and > 0)
        {
            body.Write(buffer, 0, count);
            if (body.Length > MaximumBody)
            {
                throw new ApiException(new(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728"));
            }
        }

        return body.ToArray();
    }

    private JsonElement DecodeProto(byte[] body)
    {
        if (body.Length < 5 || !body.AsSpan().StartsWith("k8s\0"u8))
        {
            throw new ApiException(ApiStatus.BadRequest("the object provided is unrecognized (must be of type Event): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"));
        }

        try
        {
            ProtoReader envelope = new(body.AsSpan(4));
            while (envelope.Next())
            {
                if (envelope.Key == 0x12)
                {
                    return ProtoDecoder.Decode(envelope.Content, request.Type.Message);
                }
            }
        }
        catch (FormatException e)
        {
            throw new ApiException(ApiStatus.BadRequest(e.Message));
        }

        throw new ApiException(ApiStatus.BadRequest("the envelope holds no object"));
    }

    private static JsonElement DecodeJson(byte[] body)
    {
        JsonElement root;
        try
        {
            root = JsonDocument.Parse(body).RootElement;
        }
        catch (JsonException e)
        {
            throw new ApiException(ApiStatus.BadRequest(e.Message));
        }

        CheckMicroTime(root, "eventTime");
        if (root.TryGetProperty("series", out JsonElement series))
        {
            CheckMicroTime(series, "lastObservedTime");
        }

        return root;
    }

    /// <summary>Requires exactly six fractional digits (kubernetes-wire.md 7.2).</summary>
    private static void CheckMicroTime(JsonElement element, string name)
    {
        string text = StoredObject.TextOf(element, name);
        if (text.Length > 0 && !MicroTime().IsMatch(text))
        {
            throw new ApiException(ApiStatus.BadRequest(
                $"parsing time \"{text}\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"{text}\" as \".000000\""));
        }
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex MicroTime();
}
