using System.Buffers;
using System.Text.Json;
using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>A Status object (kubernetes-wire.md 1.6).</summary>
internal sealed record ApiStatus(int Code, string Reason, string Message)
{
    /// <summary>Name, group and kind of the object; null when the Status has no details.</summary>
    public StatusDetails? Details { get; init; }

    /// <summary>A continue token for an inconsistent continuation (kubernetes-wire.md 2.4).</summary>
    public string Continue { get; init; } = "";

    /// <summary>Also the value of the Retry-After header.</summary>
    public int RetryAfter => Details?.RetryAfter ?? 0;

    public static ApiStatus BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiStatus Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static ApiStatus NotFound(ResourceType type, string name) => new(404, "NotFound", $"{type.QualifiedName} \"{name}\" not found")
    {
        Details = new StatusDetails { Name = name, Group = type.Group, Kind = type.Plural },
    };

    public static ApiStatus NoSuchResource() => new(404, "NotFound", "the server could not find the requested resource") { Details = new() };

    public static ApiStatus NoSuchMethod() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource") { Details = new() };

    public static ApiStatus NotAcceptable() => new(
        406,
        "NotAcceptable",
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, "
            + "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch")
    {
        Details = new(),
    };

    public static ApiStatus Expired(string message) => new(410, "Expired", message);

    public static ApiStatus WatchExpired(long asked, long floor) => Expired($"too old resource version: {asked} ({floor})");

    public static ApiStatus TooLarge(long asked, long current) => new(504, "Timeout", $"Timeout: Too large resource version: {asked}, current: {current}")
    {
        Details = new StatusDetails
        {
            Causes = [new("ResourceVersionTooLarge", "Too large resource version", "")],
            RetryAfter = 1,
        },
    };

    /// <summary>422 with one cause for each fault, in the server's wording.</summary>
    public static ApiStatus Invalid(string group, string kind, string name, IReadOnlyList<StatusCause> causes)
    {
        string text = string.Join(", ", causes.Select(cause => $"{cause.Field}: {cause.Message}"));
        return new(422, "Invalid", $"{kind}{(group.Length == 0 ? "" : "." + group)} \"{name}\" is invalid: {(causes.Count == 1 ? text : "[" + text + "]")}")
        {
            Details = new StatusDetails { Name = name, Group = group, Kind = kind, Causes = causes },
        };
    }

    public static ApiStatus Forbidden(ResourceType type, string name, string @namespace, string user, string verb)
    {
        string what = name.Length == 0 ? type.QualifiedName : $"{type.QualifiedName} \"{name}\"";
        string where = @namespace.Length == 0 ? "at the cluster scope" : $"in the namespace \"{@namespace}\"";
        return new(
            403,
            "Forbidden",
            $"{what} is forbidden: User \"{user}\" cannot {verb} resource \"{type.Plural}\" in API group \"{type.Group}\" {where}")
        {
            Details = new StatusDetails { Name = name, Group = type.Group, Kind = type.Plural },
        };
    }

    public byte[] ToJson()
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter writer = new(output, JsonText.Compact))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("metadata");
            writer.WriteString("continue", Continue);
            writer.WriteEndObject();
            writer.WriteString("status", "Failure");
            writer.WriteString("message", Message);
            writer.WriteString("reason", Reason);
            Details?.Write(writer);
            writer.WriteNumber("code", Code);
            writer.WriteEndObject();
        }

        using JsonDocument document = JsonDocument.Parse(output.WrittenMemory);
        return JsonCanonical.Write(document.RootElement, Messages.Status, "Status", "v1", null);
    }

    public byte[] ToProto()
    {
        using JsonDocument document = JsonDocument.Parse(ToJson());
        return ProtoEncoder.Encode(document.RootElement, Messages.Status);
    }
}

/// <summary>The details of a Status.</summary>
internal sealed record StatusDetails
{
    public string Name { get; init; } = "";

    public string Group { get; init; } = "";

    public string Kind { get; init; } = "";

    public IReadOnlyList<StatusCause> Causes { get; init; } = [];

    /// <summary>Seconds; 0 for none.</summary>
    public int RetryAfter { get; init; }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("details");
        writer.WriteString("name", Name);
        writer.WriteString("group", Group);
        writer.WriteString("kind", Kind);
        writer.WriteStartArray("causes");
        foreach (StatusCause cause in Causes)
        {
            writer.WriteStartObject();
            writer.WriteString("reason", cause.Reason);
            writer.WriteString("message", cause.Message);
            writer.WriteString("field", cause.Field);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("retryAfterSeconds", RetryAfter);
        writer.WriteEndObject();
    }
}

/// <summary>One cause of a refusal: a machine-readable reason, a text, and the field.</summary>
internal sealed record StatusCause(string Reason, string Message, string Field)
{
    public static StatusCause Forbidden(string field, string detail) => new("FieldValueForbidden", "Forbidden: " + detail, field);

    public static StatusCause Required(string field, string detail) =>
        new("FieldValueRequired", detail.Length == 0 ? "Required value" : "Required value: " + detail, field);

    public static StatusCause Invalid(string field, string value, string detail) =>
        new("FieldValueInvalid", $"Invalid value: \"{value}\": {detail}", field);

    public static StatusCause NotSupported(string field, string value, params string[] supported) => new(
        "FieldValueNotSupported",
        $"Unsupported value: \"{value}\": supported values: {string.Join(", ", supported.Select(item => $"\"{item}\""))}",
        field);
}

/// <summary>A request that is answered with a Status.</summary>
internal sealed class ApiException(ApiStatus status) : Exception(status.Message)
{
    public ApiStatus Status { get; } = status;
}
