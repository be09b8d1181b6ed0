using System.Net;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Writes one page with the picture and the text: no scripts, nothing from elsewhere.</summary>
internal static class HtmlWriter
{
    public static void Write(Explanation explanation, bool showsAll, TextWriter output)
    {
        string title = WebUtility.HtmlEncode(explanation.Title);
        output.WriteLine(
            $$"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{{title}}</title>
            <style>
            body { font-family: system-ui, sans-serif; margin: 1.5rem; background: #ffffff; color: #1f2328; }
            figure { margin: 0 0 1.5rem 0; overflow-x: auto; }
            pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 13px; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.45; }
            h1 { font-size: 1.2rem; }
            h2 { font-size: 1rem; }
            @media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } }
            </style>
            </head>
            <body>
            <h1>{{title}}</h1>
            """);
        output.WriteLine("<figure>");
        SvgWriter.Write(explanation, showsAll, output);
        output.WriteLine("</figure>");
        output.WriteLine("<h2>Rule by rule</h2>");
        using StringWriter text = new() { NewLine = "\n" };
        new ExplainText(text, isTerminal: false, showsAll).Write(explanation);
        output.WriteLine($"<pre>{WebUtility.HtmlEncode(text.ToString())}</pre>");
        output.WriteLine("</body>");
        output.WriteLine("</html>");
    }
}
