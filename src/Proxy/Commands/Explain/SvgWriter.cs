using System.Globalization;
using System.Net;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Draws pictures as SVG: readable on light and dark, with no outside resources.</summary>
internal static class SvgWriter
{
    /// <summary>The styles of all pictures of a page; dark on screens that are, never on paper.</summary>
    public const string Style =
        """
        <style>
        .kps { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 12px; color: #1f2328; }
        .kps .paper { fill: #ffffff; }
        .kps text { fill: currentColor; white-space: pre; }
        .kps .title { font-size: 14px; font-weight: bold; }
        .kps .head { font-weight: bold; }
        .kps .rule { font-style: italic; fill-opacity: 0.8; }
        .kps .small, .kps .hook { font-size: 11px; fill-opacity: 0.75; }
        .kps .band { fill: #8c959f; fill-opacity: 0.12; }
        .kps .box { fill: #ffffff; stroke: #8c959f; }
        .kps .client, .kps .endpoint { stroke: #1a7f37; stroke-width: 2; }
        .kps .rewrite { stroke: #0969da; stroke-width: 2; }
        .kps .doubt { stroke: #bf8700; stroke-width: 2; stroke-dasharray: 5 3; }
        .kps .end { stroke: #cf222e; stroke-width: 2; }
        .kps .hop { stroke: #8250df; }
        .kps .fault { stroke: #cf222e; stroke-width: 2; stroke-dasharray: 5 3; }
        .kps .more { stroke-dasharray: 3 3; }
        .kps .line { fill: none; stroke: #59636e; stroke-width: 1.25; }
        .kps .uncertain { stroke: #bf8700; stroke-dasharray: 5 3; }
        .kps .reply { stroke: #1a7f37; stroke-dasharray: 2 3; }
        .kps .row { stroke: #8c959f; stroke-opacity: 0.4; }
        .kps .tip { fill: #59636e; }
        .kps .uncertaintip { fill: #bf8700; }
        .kps .replytip { fill: #1a7f37; }
        @media screen and (prefers-color-scheme: dark) {
        .kps { color: #e6edf3; }
        .kps .paper { fill: #0d1117; }
        .kps .box { fill: #161b22; }
        .kps .packet { stroke: #9198a1; }
        .kps .packettip { fill: #9198a1; }
        .kps .client, .kps .endpoint, .kps .reply { stroke: #3fb950; }
        .kps .replytip { fill: #3fb950; }
        .kps .rewrite { stroke: #4493f8; }
        .kps .doubt, .kps .uncertain { stroke: #d29922; }
        .kps .uncertaintip { fill: #d29922; }
        .kps .end, .kps .fault { stroke: #f85149; }
        .kps .hop { stroke: #a371f7; }
        }
        </style>
        """;

    /// <summary>Draws all walks below each other, as a picture of its own.</summary>
    public static void Write(Explanation explanation, bool showsAll, TextWriter output)
    {
        PictureLayout[] layouts = [.. explanation.Walks.Select(walk => PictureDrawing.Wide(Picture.Of(explanation, walk, showsAll), hasHeading: true))];
        int width = layouts.Max(static layout => layout.Width);
        int height = layouts.Sum(static layout => layout.Height);
        Begin(explanation.Title, width, height, output);
        output.WriteLine(Style);
        output.WriteLine(Invariant($"<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>"));
        int top = 0;
        foreach (PictureLayout layout in layouts)
        {
            output.WriteLine(Invariant($"<g transform=\"translate(0 {top})\">"));
            Draw(layout, output);
            output.WriteLine("</g>");
            top += layout.Height;
        }

        output.WriteLine("</svg>");
    }

    /// <summary>Draws one picture, for a page that has the <see cref="Style"/>.</summary>
    public static void Write(string title, PictureLayout layout, TextWriter output)
    {
        Begin(title, layout.Width, layout.Height, output);
        Draw(layout, output);
        output.WriteLine("</svg>");
    }

    private static void Begin(string title, int width, int height, TextWriter output)
    {
        output.WriteLine(Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"kps\" role=\"img\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">"));
        output.WriteLine($"<title>{Escape(title)}</title>");
    }

    private static void Draw(PictureLayout layout, TextWriter output)
    {
        foreach (PlacedBand band in layout.Bands)
        {
            output.WriteLine(Invariant($"<rect class=\"band\" x=\"{band.X}\" y=\"{band.Y}\" width=\"{band.Width}\" height=\"{band.Height}\" rx=\"6\"/>"));
        }

        foreach (PlacedLine line in layout.Lines)
        {
            DrawLine(line, output);
        }

        foreach (PlacedBox box in layout.Boxes)
        {
            DrawBox(box, output);
        }

        foreach (PlacedText text in layout.Texts)
        {
            DrawText(text, output);
        }
    }

    private static void DrawLine(PlacedLine line, TextWriter output)
    {
        string kind = line.Kind.ToString().ToLowerInvariant();
        (int x, int y) = line.Points[^1];
        (int beforeX, int beforeY) = line.Points[^2];
        (int stepX, int stepY) = (Math.Sign(x - beforeX), Math.Sign(y - beforeY));
        IEnumerable<(int X, int Y)> points = line.HasTip ? line.Points.SkipLast(1).Append((x - (6 * stepX), y - (6 * stepY))) : line.Points;
        output.WriteLine($"<path class=\"line {kind}\" d=\"M{string.Join(" L", points.Select(static point => Invariant($"{point.X} {point.Y}")))}\"/>");
        if (line.HasTip)
        {
            // A triangle whose base lies across the line, eight pixels before the end.
            (int baseX, int baseY) = (x - (8 * stepX), y - (8 * stepY));
            output.WriteLine(Invariant($"<path class=\"tip {kind}tip\" d=\"M{x - stepX} {y - stepY} L{baseX + (4 * stepY)} {baseY + (4 * stepX)} L{baseX - (4 * stepY)} {baseY - (4 * stepX)} z\"/>"));
        }
    }

    private static void DrawBox(PlacedBox placed, TextWriter output)
    {
        bool isRound = placed.Box.Kind is PictureBoxKind.Client or PictureBoxKind.Endpoint;
        int corner = Math.Min(placed.Height / 2, isRound ? 12 : 4);
        output.WriteLine(Invariant($"<rect class=\"box {placed.Box.Kind.ToString().ToLowerInvariant()}\" x=\"{placed.X}\" y=\"{placed.Y}\" width=\"{placed.Width}\" height=\"{placed.Height}\" rx=\"{corner}\"/>"));
        int y = placed.Y + 3;
        foreach ((string style, string text) in placed.Lines)
        {
            y += PictureLayout.LineHeight;
            DrawText(new(style, placed.X + 10, y, text), output);
        }
    }

    private static void DrawText(PlacedText text, TextWriter output) =>
        output.WriteLine(Invariant($"<text{(text.Style.Length == 0 ? "" : $" class=\"{text.Style}\"")} x=\"{text.X}\" y=\"{text.Y}\">{Escape(text.Text)}</text>"));

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
