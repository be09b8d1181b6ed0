namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Writes one page with the pictures and the text with all rules: no scripts, nothing from elsewhere.</summary>
internal static class HtmlWriter
{
    /// <summary>Writes the page.</summary>
    /// <param name="explanation">The answer.</param>
    /// <param name="showsAll">Whether the pictures show all branches, however many.</param>
    /// <param name="output">Where to.</param>
    /// <param name="introduction">HTML between the heading and the answer.</param>
    /// <param name="style">Rules for style sheets that it needs.</param>
    public static void Write(Explanation explanation, bool showsAll, TextWriter output, string introduction = "", string style = "")
    {
        PageFigures figures = new();
        IReadOnlyList<PageFigure> shown = figures.Add(explanation, showsAll);
        HtmlPage.Begin(explanation.Title, style.Length == 0 ? figures.Styles : string.Join('\n', style, figures.Styles), output, SvgWriter.Style);
        output.Write(introduction);
        PageFigures.WriteAssumptions(explanation.Question, output);
        foreach (PageFigure figure in shown)
        {
            PageFigures.Write(figure, "h2", output);
        }

        output.WriteLine("<h2>Rule by rule</h2>");
        using StringWriter text = new() { NewLine = "\n" };
        new ExplainText(text, isTerminal: false, showsAll: true).Write(explanation);
        HtmlPage.EndWith(text.ToString(), output);
    }
}
