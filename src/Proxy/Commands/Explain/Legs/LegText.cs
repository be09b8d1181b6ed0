using System.Net;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Commands.Explain.Legs;

/// <summary>Writes several legs as text: where it ends, then each leg with its answer and why.</summary>
internal static class LegText
{
    private const int MostEnds = 10;

    /// <summary>Writes them.</summary>
    /// <param name="chain">The legs.</param>
    /// <param name="options">What was asked.</param>
    /// <param name="isTerminal">Whether colours are understood.</param>
    /// <param name="text">Where to.</param>
    /// <param name="width">The columns of the terminal; null if it is none.</param>
    public static void Write(LegChain chain, ExplainOptions options, bool isTerminal, TextWriter text, int? width = null)
    {
        AnsiStyle style = new(isTerminal);
        ProseWriter output = new(text, width);
        output.WriteProse(style.Of("1", $"{options.From} -> {string.Join(" -> ", chain.Destinations)}: {LegSummary.Headline(chain)}"));
        WriteEnds(chain, options.ShowsAll, output);
        foreach ((int leg, string sources) in LegSummary.Sources(chain))
        {
            output.WriteProse($"  leg {leg}: {sources}");
        }

        output.WriteLine();
        WriteLeg(FirstHeading(chain, options), chain.First);
        foreach (Leg leg in chain.Next)
        {
            output.WriteLine();
            WriteLeg(Heading(chain, leg), leg.Answer);
        }

        if (!options.ShowsAll)
        {
            output.WriteLine();
            output.WriteLine("-v shows the rules on the way");
        }

        void WriteLeg(string heading, Explanation answer)
        {
            output.WriteProse(style.Of("1", heading));
            ExplainText leg = new(text, isTerminal, options.ShowsAll, width);
            if (options.ShowsAll)
            {
                leg.Write(answer);
            }
            else
            {
                leg.WriteAnswers(answer);
            }
        }
    }

    /// <summary>Writes a page: where it ends, each leg with its pictures under a heading, and the text with all rules.</summary>
    /// <param name="chain">The legs.</param>
    /// <param name="options">What was asked.</param>
    /// <param name="output">Where to.</param>
    public static void WriteHtml(LegChain chain, ExplainOptions options, TextWriter output)
    {
        PageFigures figures = new();
        (string Heading, Explanation Answer, IReadOnlyList<PageFigure> Figures)[] legs =
        [
            (FirstHeading(chain, options), chain.First, figures.Add(chain.First, options.ShowsAll)),
            .. chain.Next.Select(leg => (Heading(chain, leg), leg.Answer, figures.Add(leg.Answer, options.ShowsAll))),
        ];
        HtmlPage.Begin($"{options.From} -> {string.Join(" -> ", chain.Destinations)}", figures.Styles, output, SvgWriter.Style);
        output.WriteLine($"<p>{WebUtility.HtmlEncode(LegSummary.Headline(chain))}</p>");
        output.WriteLine("<ul>");
        foreach ((int leg, string sources) in LegSummary.Sources(chain))
        {
            output.WriteLine($"<li>{WebUtility.HtmlEncode($"leg {leg}: {sources}")}</li>");
        }

        output.WriteLine("</ul>");
        foreach ((string heading, Explanation answer, IReadOnlyList<PageFigure> shown) in legs)
        {
            output.WriteLine($"<h2>{WebUtility.HtmlEncode(heading)}</h2>");
            PageFigures.WriteAssumptions(answer.Question, output);
            foreach (PageFigure figure in shown)
            {
                PageFigures.Write(figure, "h3", output);
            }
        }

        output.WriteLine("<h2>Rule by rule</h2>");
        using StringWriter text = new() { NewLine = "\n" };
        Write(chain, options with { ShowsAll = true }, isTerminal: false, text);
        HtmlPage.EndWith(text.ToString(), output);
    }

    private static string FirstHeading(LegChain chain, ExplainOptions options) => $"1. {options.From} -> {chain.Destinations[0]}";

    private static string Heading(LegChain chain, Leg leg)
    {
        string share = leg.Share is { } known ? LegSummary.Percent(known) : "possible";
        string others = leg.Starts.Count == 1 ? "" : $"; the same from all {leg.Starts.Count} pods there";
        return $"{leg.Number}. {leg.Starts[0]} on {leg.Node} -> {chain.Destinations[leg.Number - 1]} ({share}{others})";
    }

    private static void WriteEnds(LegChain chain, bool showsAll, ProseWriter output)
    {
        LegEnd[] delivered = [.. chain.Ends.Where(static end => end.Outcome == LegOutcome.Delivered)];
        if (delivered.Length < 2)
        {
            return;
        }

        int listed = showsAll ? delivered.Length : Math.Min(delivered.Length, MostEnds);
        foreach (LegEnd end in delivered.Take(listed))
        {
            output.WriteLine($"  {(end.Share is { } share ? LegSummary.Percent(share) : "possible"),8}  {end.Text}");
        }

        if (listed < delivered.Length)
        {
            output.WriteLine($"  and {delivered.Length - listed} more; -v lists them");
        }
    }
}
