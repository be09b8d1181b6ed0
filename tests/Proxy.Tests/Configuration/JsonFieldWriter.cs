using System.Text.Json;
using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Tests.Configuration;

/// <summary>Writes fields into a JSON object.</summary>
/// <param name="json">The writer, inside an object.</param>
internal sealed class JsonFieldWriter(Utf8JsonWriter json) : IFieldWriter
{
    public void BeginSection(string name)
    {
        if (name.Length == 0)
        {
            json.WriteStartObject();
        }
        else
        {
            json.WriteStartObject(name);
        }
    }

    public void EndSection() => json.WriteEndObject();

    public void Text(string name, string value) => json.WriteString(name, value);

    public void Number(string name, string value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(value);
    }

    public void Flag(string name, bool value) => json.WriteBoolean(name, value);

    public void Texts(string name, ReadOnlySpan<string> values)
    {
        if (values.IsEmpty)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    public void BeginList(string name) => json.WriteStartArray(name);

    public void EndList() => json.WriteEndArray();
}
