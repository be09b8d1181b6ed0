using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>Reads JSON of tools, which may have a key twice in an object (some versions of ip do); the last one counts.</summary>
internal static class JsonTree
{
    /// <summary>Reads the next value.</summary>
    /// <exception cref="JsonException">It is not JSON, or has a text that is not UTF-8.</exception>
    public static JsonNode? Read(ref Utf8JsonReader reader)
    {
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        try
        {
            return NodeOf(document.RootElement);
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("a text is not UTF-8", e);
        }
    }

    private static JsonNode? NodeOf(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                JsonObject members = [];
                foreach (JsonProperty member in element.EnumerateObject())
                {
                    members[member.Name] = NodeOf(member.Value);
                }

                return members;
            case JsonValueKind.Array:
                return new JsonArray([.. element.EnumerateArray().Select(NodeOf)]);
            case JsonValueKind.String:
                return JsonValue.Create(element.GetString());
            case JsonValueKind.Null:
                return null;
            default:
                return JsonValue.Create(element.Clone());
        }
    }
}
