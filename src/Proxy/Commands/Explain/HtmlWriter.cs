namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Writes one page with the pictures and the text with all rules: no scripts, nothing from elsewhere.</summary>
internal static class HtmlWriter
{
    public static void Write(Explanation explanation, bool showsAll, TextWriter output)
    {
        PageFigures figures = new();
        IReadOnlyList<PageFigure> shown = figures.Add(explanation, showsAll);
        HtmlPage.Begin(explanation.Title, figures.Styles, output, SvgWriter.Style);
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
