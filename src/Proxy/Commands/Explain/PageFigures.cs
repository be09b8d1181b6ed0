using System.Net;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// The pictures of a page. Each is in it twice, for wide and for narrow screens, of which one is shown; with it are the answer as
/// a heading, why, and its endpoints.
/// </summary>
internal sealed class PageFigures
{
    /// <summary>The margins of the page and a scroll bar.</summary>
    private const int Around = 64;

    private const string Style =
        """
        figure { margin: 0; }
        svg { display: block; max-width: 100%; height: auto; }
        h2 { font-size: 1rem; }
        h3 { font-size: 0.95rem; }
        p, li { line-height: 1.45; }
        .view { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
        table { border-collapse: collapse; }
        caption { text-align: left; padding-bottom: 0.3rem; }
        th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.9rem 0.2rem 0; border-bottom: 1px solid #8c959f66; }
        th:first-child, td:first-child { white-space: nowrap; }
        @media print { body { margin: 0; } tr, li { break-inside: avoid; } h2, h3 { break-after: avoid; } }
        """;

    private readonly List<PageFigure> _figures = [];

    /// <summary>Adds the pictures of an answer.</summary>
    /// <param name="explanation">The answer.</param>
    /// <param name="showsAll">Whether all branches are drawn.</param>
    /// <returns>Its pictures, one for each set of rules.</returns>
    public IReadOnlyList<PageFigure> Add(Explanation explanation, bool showsAll)
    {
        int first = _figures.Count;
        foreach (ExplainedWalk walk in explanation.Walks)
        {
            Picture picture = Picture.Of(explanation, walk, showsAll);
            _figures.Add(new(_figures.Count, walk, picture, PictureDrawing.Wide(picture, hasHeading: false)));
        }

        return _figures[first..];
    }

    /// <summary>The rules for style sheets that all pictures need.</summary>
    public string Styles => string.Join('\n', _figures.SelectMany(WidthRules).Prepend(Style));

    /// <summary>Writes a picture.</summary>
    /// <param name="figure">The picture.</param>
    /// <param name="heading">The element of its heading, such as h2.</param>
    /// <param name="output">Where to.</param>
    public static void Write(PageFigure figure, string heading, TextWriter output)
    {
        (int number, ExplainedWalk walk, Picture picture, PictureLayout wide) = figure;
        output.WriteLine($"<{heading}>{Escape($"{walk.Title}: {walk.Answer}").Replace(" %", "&nbsp;%", StringComparison.Ordinal)}</{heading}>");
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

    /// <summary>Writes what a question takes for granted.</summary>
    public static void WriteAssumptions(PacketQuestion question, TextWriter output)
    {
        foreach (string assumption in question.Assumptions)
        {
            output.WriteLine($"<p>({Escape(assumption)})</p>");
        }
    }

    /// <summary>Of the two forms of a picture the one that fits the window is shown.</summary>
    private static string[] WidthRules(PageFigure figure)
    {
        int least = figure.Wide.Width + Around;
        return
        [
            $"@media (min-width: {least}px) {{ .narrow{figure.Number} {{ display: none; }} }}",
            $"@media not all and (min-width: {least}px) {{ .wide{figure.Number} {{ display: none; }} }}",
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

/// <summary>A picture of a page, in both forms.</summary>
/// <param name="Number">Its number on the page, from 0.</param>
/// <param name="Walk">What it shows.</param>
/// <param name="Picture">The picture.</param>
/// <param name="Wide">Its form for wide screens.</param>
internal sealed record PageFigure(int Number, ExplainedWalk Walk, Picture Picture, PictureLayout Wide);
