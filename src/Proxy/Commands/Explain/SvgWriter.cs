using System.Globalization;
using System.Net;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Draws pictures as SVG: readable on light and dark, with no outside resources.</summary>
internal static class SvgWriter
{
    private const string Style =
        """
        <style>
        .kps { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 12px; color: #1f2328; }
        .kps .paper { fill: #ffffff; }
        .kps text { fill: currentColor; }
        .kps .title { font-size: 14px; font-weight: bold; }
        .kps .head { font-weight: bold; }
        .kps .band { fill: #8c959f; fill-opacity: 0.12; }
        .kps .hook { font-size: 11px; fill-opacity: 0.7; }
        .kps .box { fill: #ffffff; stroke: #8c959f; }
        .kps .client, .kps .endpoint { stroke: #1a7f37; stroke-width: 2; }
        .kps .rewrite { stroke: #0969da; stroke-width: 2; }
        .kps .doubt { stroke: #bf8700; stroke-width: 2; stroke-dasharray: 5 3; }
        .kps .end { stroke: #cf222e; stroke-width: 2; }
        .kps .more { stroke-dasharray: 3 3; }
        .kps .edge { fill: none; stroke: #59636e; }
        .kps .reply { fill: none; stroke: #1a7f37; stroke-dasharray: 6 4; }
        .kps .tip { fill: #59636e; }
        .kps .replytip { fill: #1a7f37; }
        @media (prefers-color-scheme: dark) {
        .kps { color: #e6edf3; }
        .kps .paper { fill: #0d1117; }
        .kps .box { fill: #161b22; }
        .kps .edge { stroke: #9198a1; }
        .kps .tip { fill: #9198a1; }
        }
        </style>
        """;

    private const int TitleHeight = 76;
    private const int TitleX = 16;

    /// <summary>Draws all walks below each other.</summary>
    public static void Write(Explanation explanation, bool showsAll, TextWriter output)
    {
        List<(Picture Picture, PictureLayout Layout)> pictures = [];
        int top = 0;
        foreach (ExplainedWalk walk in explanation.Walks)
        {
            Picture picture = Picture.Of(explanation, walk, showsAll);
            PictureLayout layout = PictureLayout.Of(picture, top + TitleHeight);
            pictures.Add((picture, layout));
            top = layout.Height;
        }

        int width = pictures.Max(entry => Math.Max(entry.Layout.Width, TitleWidth(entry.Picture)));
        output.WriteLine(Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"kps\" role=\"img\" width=\"{width}\" height=\"{top}\" viewBox=\"0 0 {width} {top}\">"));
        output.WriteLine($"<title>{Escape(explanation.Title)}</title>");
        output.WriteLine(Style);
        output.WriteLine(Invariant($"<rect class=\"paper\" width=\"{width}\" height=\"{top}\"/>"));
        int begin = 0;
        foreach ((Picture picture, PictureLayout layout) in pictures)
        {
            Draw(picture, layout, begin, width, output);
            begin = layout.Height;
        }

        output.WriteLine("</svg>");
    }

    private static int TitleWidth(Picture picture) => (TitleX * 2) + Math.Max(picture.Title.Length * 9, Wrapped(picture.Subtitle).Max(line => line.Length) * 8);

    private static void Draw(Picture picture, PictureLayout layout, int top, int width, TextWriter output)
    {
        output.WriteLine(Invariant($"<text class=\"title\" x=\"{TitleX}\" y=\"{top + 24}\">{Escape(picture.Title)}</text>"));
        int line = top + 44;
        foreach (string text in Wrapped(picture.Subtitle))
        {
            output.WriteLine(Invariant($"<text x=\"{TitleX}\" y=\"{line}\">{Escape(text)}</text>"));
            line += PictureLayout.LineHeight;
        }

        foreach ((string name, int bandTop, int bandBottom) in layout.Bands)
        {
            output.WriteLine(Invariant($"<rect class=\"band\" x=\"8\" y=\"{bandTop - 12}\" width=\"{width - 16}\" height=\"{bandBottom - bandTop + 24}\" rx=\"6\"/>"));
            output.WriteLine(Invariant($"<text class=\"hook\" x=\"{TitleX}\" y=\"{bandTop + 6}\">{name}</text>"));
        }

        DrawEdges(picture, layout, output);
        if (picture.ReplyFrom.Length != 0)
        {
            DrawReply(picture, layout, output);
        }

        foreach (PlacedBox box in layout.Stem)
        {
            DrawBox(box, output);
        }

        foreach (PlacedBox box in layout.Lanes.SelectMany(lane => lane))
        {
            DrawBox(box, output);
        }
    }

    private static void DrawEdges(Picture picture, PictureLayout layout, TextWriter output)
    {
        for (int index = 1; index < layout.Stem.Count; index++)
        {
            DrawArrow(layout.Stem[index - 1], layout.Stem[index], "", output);
        }

        for (int lane = 0; lane < layout.Lanes.Count; lane++)
        {
            PlacedBox before = layout.Stem[^1];
            string label = picture.Lanes[lane].Label;
            foreach (PlacedBox box in layout.Lanes[lane])
            {
                DrawArrow(before, box, label, output);
                before = box;
                label = "";
            }
        }
    }

    private static void DrawArrow(PlacedBox from, PlacedBox to, string label, TextWriter output)
    {
        int tip = to.Y - 6;
        if (from.Middle == to.Middle)
        {
            output.WriteLine(Invariant($"<path class=\"edge\" d=\"M{from.Middle} {from.Bottom} V{tip}\"/>"));
        }
        else
        {
            int bus = from.Bottom + 16;
            output.WriteLine(Invariant($"<path class=\"edge\" d=\"M{from.Middle} {from.Bottom} V{bus} H{to.Middle} V{tip}\"/>"));
        }

        output.WriteLine(Invariant($"<path class=\"tip\" d=\"M{to.Middle - 4} {tip - 2} h8 l-4 7 z\"/>"));
        if (label.Length != 0)
        {
            output.WriteLine(Invariant($"<text class=\"head\" x=\"{to.Middle + 8}\" y=\"{tip - 4}\">{Escape(label)}</text>"));
        }
    }

    private static void DrawReply(Picture picture, PictureLayout layout, TextWriter output)
    {
        PlacedBox client = layout.Stem[0];
        int bus = layout.Height - 34;
        int up = client.Y + (client.Height / 2);
        bool isFirst = true;
        for (int lane = 0; lane < layout.Lanes.Count; lane++)
        {
            if (!picture.Lanes[lane].HasReply)
            {
                continue;
            }

            PlacedBox end = layout.Lanes[lane][^1];
            output.WriteLine(isFirst
                ? Invariant($"<path class=\"reply\" d=\"M{end.Middle} {end.Bottom} V{bus} H{layout.ReplyX} V{up} H{client.X + PictureLayout.BoxWidth + 7}\"/>")
                : Invariant($"<path class=\"reply\" d=\"M{end.Middle} {end.Bottom} V{bus}\"/>"));
            isFirst = false;
        }

        int tip = client.X + PictureLayout.BoxWidth;
        output.WriteLine(Invariant($"<path class=\"replytip\" d=\"M{tip + 9} {up - 4} v8 l-7 -4 z\"/>"));
        output.WriteLine(Invariant($"<text x=\"{tip + 16}\" y=\"{up - 8}\">reply from {Escape(picture.ReplyFrom)}</text>"));
        output.WriteLine(Invariant($"<text x=\"{PictureLayout.LeftMargin}\" y=\"{bus + 18}\">{Escape(picture.ReplyDescription)}</text>"));
    }

    private static void DrawBox(PlacedBox placed, TextWriter output)
    {
        PictureBox box = placed.Box;
        bool isRound = box.Kind is PictureBoxKind.Client or PictureBoxKind.Endpoint;
        string kind = box.Kind.ToString().ToLowerInvariant();
        string all = string.Join("\n", box.Lines.Prepend(box.Title));
        output.WriteLine(Invariant($"<g><title>{Escape(all)}</title><rect class=\"box {kind}\" x=\"{placed.X}\" y=\"{placed.Y}\" width=\"{PictureLayout.BoxWidth}\" height=\"{placed.Height}\" rx=\"{(isRound ? 12 : 4)}\"/>"));
        int y = placed.Y + PictureLayout.LineHeight + 3;
        output.WriteLine(Invariant($"<text class=\"head\" x=\"{placed.X + 10}\" y=\"{y}\">{Escape(Fit(box.Title))}</text>"));
        foreach (string line in box.Lines)
        {
            y += PictureLayout.LineHeight;
            output.WriteLine(Invariant($"<text x=\"{placed.X + 10}\" y=\"{y}\">{Escape(Fit(line))}</text>"));
        }

        output.WriteLine("</g>");
    }

    private static string Fit(string text) => text.Length <= PictureLayout.MostCharacters - 2 ? text : text[..(PictureLayout.MostCharacters - 3)] + "…";

    /// <summary>Two lines at most; the text below a page's picture has it all.</summary>
    private static List<string> Wrapped(string text)
    {
        const int Most = 110;
        if (text.Length <= Most)
        {
            return [text];
        }

        int space = text.LastIndexOf(' ', Most);
        int cut = space > 0 ? space : Most;
        string rest = text[cut..].TrimStart();
        return [text[..cut], rest.Length <= Most ? rest : rest[..(Most - 1)] + "…"];
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
