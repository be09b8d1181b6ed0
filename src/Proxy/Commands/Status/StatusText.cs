using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Observability.Status;

namespace KubeProxySharp.Proxy.Commands.Status;

/// <summary>The state of an agent for a terminal.</summary>
internal static class StatusText
{
    private const int LabelWidth = 14;

    /// <summary>Writes a report.</summary>
    public static void Write(StatusReport report, TextWriter output, bool isTerminal)
    {
        AnsiStyle style = new(isTerminal);
        foreach (StatusLine line in StatusLines.Of(report).Prepend(StatusLines.Summary(report)))
        {
            string code = line.Kind switch { StatusKind.Good => "32", StatusKind.Warning => "33", StatusKind.Bad => "31", _ => "" };
            output.WriteLine(line.Label.PadRight(LabelWidth) + style.Of(code, Printable(line.Text)));
        }
    }

    /// <summary>Errors may contain what a terminal would obey.</summary>
    private static string Printable(string text) => string.Create(text.Length, text, static (span, from) =>
    {
        for (int index = 0; index < span.Length; index++)
        {
            span[index] = char.IsControl(from[index]) ? ' ' : from[index];
        }
    });
}
