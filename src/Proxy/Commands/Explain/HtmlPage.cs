using System.Net;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The frame of a page: what comes before and after its contents. No scripts, nothing from elsewhere.</summary>
internal static class HtmlPage
{
    /// <summary>Writes the beginning, up to the heading, which is the title.</summary>
    /// <param name="title">The title, as plain text.</param>
    /// <param name="style">Rules for style sheets besides those of every page; lines.</param>
    /// <param name="output">Where to.</param>
    /// <param name="head">More elements of the head, as HTML.</param>
    public static void Begin(string title, string style, TextWriter output, string head = "")
    {
        string escaped = WebUtility.HtmlEncode(title);
        output.WriteLine(
            $$"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{{escaped}}</title>
            <style>
            body { font-family: system-ui, "DejaVu Sans", sans-serif; margin: 1.5rem; background: #ffffff; color: #1f2328; overflow-wrap: anywhere; }
            pre, table { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 13px; line-height: 1.45; }
            pre { white-space: pre-wrap; }
            h1 { font-size: 1.2rem; }
            {{style}}
            @media (max-width: 600px) { body { margin: 0.6rem; } th, td { padding-right: 0.5rem; } pre, table { font-size: 12px; } }
            @media screen and (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } }
            </style>
            """);
        if (head.Length != 0)
        {
            output.WriteLine(head);
        }

        output.WriteLine("</head>");
        output.WriteLine("<body>");
        output.WriteLine($"<h1>{escaped}</h1>");
    }

    /// <summary>Writes text as it is on a terminal, and the end of the page.</summary>
    public static void EndWith(string text, TextWriter output)
    {
        output.WriteLine($"<pre>{WebUtility.HtmlEncode(text)}</pre>");
        output.WriteLine("</body>");
        output.WriteLine("</html>");
    }
}
