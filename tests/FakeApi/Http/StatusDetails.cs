using System.Text.Json;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>What a Status is about.</summary>
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
