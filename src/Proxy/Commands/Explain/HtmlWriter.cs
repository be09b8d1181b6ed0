using System.Net;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// Writes one page with the pictures and the text: no scripts, nothing from elsewhere. Each picture is in it twice, for wide
/// and for narrow screens, of which one is shown.
/// </summary>
internal static class HtmlWriter
{
    /// <summary>The margins of the page and a scroll bar.</summary>
    private const int Around = 64;

    public static void Write(Explanation explanation, bool showsAll, TextWriter output)
    {
        (ExplainedWalk Walk, Picture Picture, PictureLayout Wide)[] parts =
        [
            .. explanation.Walks.Select(walk =>
            {
                Picture picture = Picture.Of(explanation, walk, showsAll);
                return (walk, picture, PictureDrawing.Wide(picture, hasHeading: false));
            }),
        ];
        string title = Escape(explanation.Title);
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
            body { font-family: system-ui, "DejaVu Sans", sans-serif; margin: 1.5rem; background: #ffffff; color: #1f2328; overflow-wrap: anywhere; }
            figure { margin: 0; }
            svg { display: block; max-width: 100%; height: auto; }
            pre, table { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 13px; line-height: 1.45; }
            pre { white-space: pre-wrap; }
            h1 { font-size: 1.2rem; }
            h2 { font-size: 1rem; }
            p, li { line-height: 1.45; }
            .view { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
            table { border-collapse: collapse; }
            caption { text-align: left; padding-bottom: 0.3rem; }
            th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.9rem 0.2rem 0; border-bottom: 1px solid #8c959f66; }
            th:first-child, td:first-child { white-space: nowrap; }
            @media (max-width: 600px) { body { margin: 0.6rem; } th, td { padding-right: 0.5rem; } pre, table { font-size: 12px; } }
            @media print { body { margin: 0; } tr, li { break-inside: avoid; } h2 { break-after: avoid; } }
            """);
        for (int number = 0; number < parts.Length; number++)
        {
            int least = parts[number].Wide.Width + Around;
            output.WriteLine($"@media (min-width: {least}px) {{ .narrow{number} {{ display: none; }} }}");
            output.WriteLine($"@media not all and (min-width: {least}px) {{ .wide{number} {{ display: none; }} }}");
        }

        output.WriteLine("@media screen and (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } }");
        output.WriteLine("</style>");
        output.WriteLine(SvgWriter.Style);
        output.WriteLine("</head>");
        output.WriteLine("<body>");
        output.WriteLine($"<h1>{title}</h1>");
        foreach (string assumption in explanation.Question.Assumptions)
        {
            output.WriteLine($"<p>({Escape(assumption)})</p>");
        }

        for (int number = 0; number < parts.Length; number++)
        {
            (ExplainedWalk walk, Picture picture, PictureLayout wide) = parts[number];
            output.WriteLine($"<h2>{Escape($"{walk.Title}: {walk.Answer}").Replace(" %", "&nbsp;%", StringComparison.Ordinal)}</h2>");
            WriteReasons(walk, output);
            output.WriteLine("<div class=\"view\">");
            output.WriteLine($"<figure class=\"wide{number}\">");
            SvgWriter.Write(picture.Title, wide, output);
            output.WriteLine($"</figure>\n<figure class=\"narrow{number}\">");
            SvgWriter.Write(picture.Title, PictureDrawing.Narrow(picture), output);
            output.WriteLine("</figure>");
            WriteEndpoints(picture.Endpoints, output);
            output.WriteLine("</div>");
        }

        output.WriteLine("<h2>Rule by rule</h2>");
        using StringWriter text = new() { NewLine = "\n" };
        new ExplainText(text, isTerminal: false, showsAll).Write(explanation);
        output.WriteLine($"<pre>{Escape(text.ToString())}</pre>");
        output.WriteLine("</body>");
        output.WriteLine("</html>");
    }

    private static void WriteReasons(ExplainedWalk walk, TextWriter output)
    {
        if (walk.Reasons.Count == 0)
        {
            return;
        }

        output.WriteLine("<ul>");
        foreach (ModelReason reason in walk.Reasons)
        {
            output.WriteLine($"<li>{Escape(reason.Text)}</li>");
        }

        output.WriteLine("</ul>");
    }

    private static void WriteEndpoints(EndpointTable table, TextWriter output)
    {
        if (table.Rows.Count == 0)
        {
            return;
        }

        output.WriteLine("<table>");
        output.WriteLine($"<thead><tr>{string.Concat(table.Columns.Select(static column => $"<th scope=\"col\">{Escape(column)}</th>"))}</tr></thead>");
        output.WriteLine("<tbody>");
        foreach (IReadOnlyList<string> row in table.Rows)
        {
            output.WriteLine($"<tr>{string.Concat(row.Select(static cell => $"<td>{Escape(cell)}</td>"))}</tr>");
        }

        output.WriteLine("</tbody>");
        if (table.LeftOut.Length != 0)
        {
            output.WriteLine($"<tfoot><tr><td colspan=\"{table.Columns.Count}\" style=\"white-space: normal\">{Escape(table.LeftOut)}</td></tr></tfoot>");
        }

        output.WriteLine("</table>");
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
