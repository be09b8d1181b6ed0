using System.Globalization;
using System.Text;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// Distinguishes JSON from YAML that begins with a brace too: a flow mapping. Decides by the first document, as far as it is
/// in the beginning of the text.
/// </summary>
internal static class JsonStart
{
    /// <summary>Whether the text is to be read as JSON.</summary>
    /// <param name="start">The beginning of the text.</param>
    /// <param name="isWhole">Whether that is all of it.</param>
    public static bool Is(ReadOnlySpan<byte> start, bool isWhole)
    {
        ReadOnlySpan<byte> content = start.TrimStart(" \t\r\n"u8);
        if (content.IsEmpty || content[0] != (byte)'{')
        {
            return false;
        }

        // Text that is neither is read as JSON, whose errors are more precise.
        return IsJson(start, isWhole) || (isWhole && !IsYaml(start));
    }

    private static bool IsJson(ReadOnlySpan<byte> start, bool isWhole)
    {
        // JSON that is nested too deep is still JSON.
        Utf8JsonReader reader = new(start, isWhole, new JsonReaderState(new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = start.Length + 1 }));
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == 0)
                {
                    return true;
                }
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether the first document is YAML; errors after it are reported later. If a value is missing and all others have the form
    /// of JSON, it is broken JSON, although it is valid YAML.
    /// </summary>
    private static bool IsYaml(ReadOnlySpan<byte> text)
    {
        bool lacksValue = false;
        bool hasYamlValue = false;
        try
        {
            using StringReader reader = new(Encoding.UTF8.GetString(text));
            YamlParser parser = new(reader, lineShift: 0);
            while (parser.MoveNext() && parser.Current is not DocumentEnd)
            {
                if (parser.Current is Scalar { Style: not ScalarStyle.DoubleQuoted } scalar)
                {
                    lacksValue |= scalar.Value.Length == 0;
                    hasYamlValue |= scalar.Value.Length != 0 && !IsJsonLiteral(scalar.Value);
                }
            }

            return hasYamlValue || !lacksValue;
        }
        catch (DocumentException)
        {
            return false;
        }
    }

    private static bool IsJsonLiteral(string text) =>
        text is "true" or "false" or "null" || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
}
