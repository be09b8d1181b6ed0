using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>How the commands' reports become JSON, for programs. Names stay as they are in later versions; others may be added.</summary>
internal static class ReportJson
{
    /// <summary>The form of the text.</summary>
    /// <param name="encoder">What is escaped; null for all that is not plain ASCII, and what HTML could take for its own.</param>
    public static JsonSerializerOptions Options(JavaScriptEncoder? encoder = null) =>
        new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = encoder };

    /// <summary>Writes a report, and ends its last line.</summary>
    public static void Write<T>(T report, JsonTypeInfo<T> type, Stream output)
    {
        JsonSerializer.Serialize(output, report, type);
        output.WriteByte((byte)'\n');
    }
}
