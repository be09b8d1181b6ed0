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
    /// <param name="output">Where to.</param>
    public static void Write(LegChain chain, ExplainOptions options, bool isTerminal, TextWriter output)
    {
        AnsiStyle style = new(isTerminal);
        output.WriteLine(style.Of("1", $"{options.From} -> {string.Join(" -> ", chain.Destinations)}: {LegSummary.Headline(chain)}"));
        WriteEnds(chain, options.ShowsAll, output);
        foreach ((int leg, string text) in LegSummary.Sources(chain))
        {
            output.WriteLine($"  leg {leg}: {text}");
        }

        output.WriteLine();
        WriteLeg($"1. {options.From} -> {options.To}", chain.First);
        foreach (Leg leg in chain.Next)
        {
            string share = leg.Share is { } known ? LegSummary.Percent(known) : "possible";
            string others = leg.Starts.Count == 1 ? "" : $"; the same from all {leg.Starts.Count} pods there";
            output.WriteLine();
            WriteLeg($"{leg.Number}. {leg.Starts[0]} on {leg.Node} -> {chain.Destinations[leg.Number - 1]} ({share}{others})", leg.Answer);
        }

        if (!options.ShowsAll)
        {
            output.WriteLine();
            output.WriteLine("-v shows the rules on the way");
        }

        void WriteLeg(string heading, Explanation answer)
        {
            output.WriteLine(style.Of("1", heading));
            ExplainText text = new(output, isTerminal, options.ShowsAll);
            if (options.ShowsAll)
            {
                text.Write(answer);
            }
            else
            {
                text.WriteAnswers(answer);
            }
        }
    }

    /// <summary>Writes a page with the text in it.</summary>
    /// <param name="chain">The legs.</param>
    /// <param name="options">What was asked.</param>
    /// <param name="output">Where to.</param>
    public static void WriteHtml(LegChain chain, ExplainOptions options, TextWriter output)
    {
        using StringWriter text = new() { NewLine = "\n" };
        Write(chain, options, isTerminal: false, text);
        HtmlPage.Begin($"{options.From} -> {string.Join(" -> ", chain.Destinations)}", "", output);
        HtmlPage.EndWith(text.ToString(), output);
    }

    private static void WriteEnds(LegChain chain, bool showsAll, TextWriter output)
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
