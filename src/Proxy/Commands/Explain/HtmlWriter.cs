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

    private const string Style =
        """
        figure { margin: 0; }
        svg { display: block; max-width: 100%; height: auto; }
        h2 { font-size: 1rem; }
        p, li { line-height: 1.45; }
        .view { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
        table { border-collapse: collapse; }
        caption { text-align: left; padding-bottom: 0.3rem; }
        th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.9rem 0.2rem 0; border-bottom: 1px solid #8c959f66; }
        th:first-child, td:first-child { white-space: nowrap; }
        @media print { body { margin: 0; } tr, li { break-inside: avoid; } h2 { break-after: avoid; } }
        """;

    /// <summary>Writes the page.</summary>
    /// <param name="explanation">The answer.</param>
    /// <param name="showsAll">Whether all branches are shown, however many.</param>
    /// <param name="output">Where to.</param>
    /// <param name="introduction">HTML between the heading and the answer.</param>
    /// <param name="style">Rules for style sheets that it needs.</param>
    public static void Write(Explanation explanation, bool showsAll, TextWriter output, string introduction = "", string style = "")
    {
        (ExplainedWalk Walk, Picture Picture, PictureLayout Wide)[] parts =
        [
            .. explanation.Walks.Select(walk =>
            {
                Picture picture = Picture.Of(explanation, walk, showsAll);
                return (walk, picture, PictureDrawing.Wide(picture, hasHeading: false));
            }),
        ];
        HtmlPage.Begin(explanation.Title, string.Join('\n', [Style, .. style.Length == 0 ? [] : (string[])[style], .. parts.SelectMany(WidthRules)]), output, SvgWriter.Style);
        output.Write(introduction);
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
        HtmlPage.EndWith(text.ToString(), output);
    }

    /// <summary>Of the two forms of a picture the one that fits the window is shown.</summary>
    private static string[] WidthRules((ExplainedWalk Walk, Picture Picture, PictureLayout Wide) part, int number)
    {
        int least = part.Wide.Width + Around;
        return
        [
            $"@media (min-width: {least}px) {{ .narrow{number} {{ display: none; }} }}",
            $"@media not all and (min-width: {least}px) {{ .wide{number} {{ display: none; }} }}",
        ];
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
