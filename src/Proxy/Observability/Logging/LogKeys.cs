using System.Globalization;
using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Observability.Logging;

/// <summary>Names and values of messages, the same for every format.</summary>
internal static class LogKeys
{
    /// <summary>The longest value that is logged, in characters; longer ones are truncated and marked.</summary>
    private const int MaxLength = 16 * 1024;

    /// <summary>Whether the pair is the template of the message, not one of its values.</summary>
    public static bool IsTemplate(string name) => name is "{OriginalFormat}";

    /// <summary>Kubernetes' spelling of a name: <c>NodeName</c> becomes <c>nodeName</c>.</summary>
    public static string NameOf(string name) => name.Length == 0 || char.IsLower(name[0]) ? name : char.ToLowerInvariant(name[0]) + name[1..];

    /// <summary>The text of a value that is neither a number nor a boolean.</summary>
    public static string TextOf(object? value) => Cut(value switch
    {
        null => "",
        string text => text,
        TimeSpan duration => GoDuration.Format(duration),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    });

    /// <summary>The messages of an exception and its inner exceptions.</summary>
    public static string TextOf(Exception exception)
    {
        string text = exception.Message;
        for (Exception? inner = exception.InnerException; inner is not null; inner = inner.InnerException)
        {
            // Many exceptions repeat the message of the inner one.
            text = text.Contains(inner.Message, StringComparison.Ordinal) ? text : $"{text}: {inner.Message}";
        }

        return Cut(text);
    }

    /// <summary>Truncates a very long text.</summary>
    public static string Cut(string text) => text.Length <= MaxLength ? text : $"{text[..MaxLength]}... ({text.Length} characters)";
}
