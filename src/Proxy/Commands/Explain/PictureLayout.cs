namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>A picture with the places of all its parts, in pixels from the upper left corner.</summary>
/// <param name="width">Its width; what is below the picture proper is broken into lines that fit.</param>
internal sealed class PictureLayout(int width)
{
    /// <summary>Height of a line of text.</summary>
    public const int LineHeight = 16;

    /// <summary>Width of a letter of 12 pixels: 0.602 em is as wide as usual monospaced letters get.</summary>
    public const double CharacterWidth = 7.3;

    /// <summary>Width of a bold letter of the title, which has 14 pixels.</summary>
    public const double TitleCharacterWidth = 8.5;

    private const int Padding = 10;
    private const int Margin = 16;

    public int Width { get; private set; } = width;

    public int Height { get; set; }

    public List<PlacedBand> Bands { get; } = [];

    public List<PlacedBox> Boxes { get; } = [];

    public List<PlacedLine> Lines { get; } = [];

    public List<PlacedText> Texts { get; } = [];

    /// <summary>The most characters in a line of a box.</summary>
    public static int Fitting(int boxWidth) => (int)((boxWidth - (2 * Padding)) / CharacterWidth);

    /// <summary>The height of a box.</summary>
    public static int HeightOf(PictureBox box, int boxWidth) => (LinesOf(box, boxWidth).Count * LineHeight) + 14;

    /// <summary>Places a box with its text.</summary>
    public PlacedBox Add(PictureBox box, int x, int y, int boxWidth)
    {
        PlacedBox placed = new(box, x, y, boxWidth, HeightOf(box, boxWidth), LinesOf(box, boxWidth));
        Boxes.Add(placed);
        return placed;
    }

    /// <summary>Places an arrow along points, its tip at the last of them.</summary>
    public void AddArrow(PictureLineKind kind, params (int X, int Y)[] points) => Lines.Add(new(kind, points, HasTip: true));

    /// <summary>Places text of several lines below what is there.</summary>
    public void AddBelow(string style, string text, double characterWidth = CharacterWidth)
    {
        foreach (string line in WrappedText.Lines(text, (int)((Width - (2 * Margin)) / characterWidth)))
        {
            Height += LineHeight;
            Texts.Add(new(style, Margin, Height, line));
        }
    }

    /// <summary>Places what the colours and lines stand for, as far as they occur.</summary>
    public void AddLegend()
    {
        (PictureBoxKind Kind, string Meaning)[] boxes =
        [
            (PictureBoxKind.Client, "sender, receiver"),
            (PictureBoxKind.Chain, "chain with the rules that apply"),
            (PictureBoxKind.Rewrite, "changes an address"),
            (PictureBoxKind.Doubt, "not decided"),
            (PictureBoxKind.End, "dropped or refused"),
            (PictureBoxKind.Hop, "node or tunnel on the way"),
            (PictureBoxKind.Fault, "likely fault"),
        ];
        (PictureLineKind Kind, string Meaning)[] lines = [(PictureLineKind.Packet, "the packet"), (PictureLineKind.Uncertain, "possible"), (PictureLineKind.Reply, "the reply")];
        int x = Margin;
        Height += LineHeight * 2;
        foreach ((PictureBoxKind kind, string meaning) in boxes.Where(entry => Boxes.Exists(box => box.Box.Kind == entry.Kind)))
        {
            PlaceMeaning(meaning, ref x);
            Boxes.Add(new(new(kind, "", meaning, []), x - 30, Height - 11, 22, 12, []));
            x += Advance(meaning);
        }

        PictureLineKind[] drawn = [.. Lines.Select(static line => line.Kind).Distinct()];
        foreach ((PictureLineKind kind, string meaning) in lines.Where(entry => drawn.Contains(entry.Kind)))
        {
            PlaceMeaning(meaning, ref x);
            Lines.Add(new(kind, [(x - 30, Height - 5), (x - 8, Height - 5)], HasTip: true));
            x += Advance(meaning);
        }
    }

    /// <summary>Makes room on the right.</summary>
    public void Widen(int right) => Width = Math.Max(Width, right);

    private static int Advance(string meaning) => (int)(meaning.Length * CharacterWidth) + 18;

    /// <summary>Places a meaning with room for its sample before it, on a line of its own if there is none left on this.</summary>
    private void PlaceMeaning(string meaning, ref int x)
    {
        if (x != Margin && x + 30 + (meaning.Length * CharacterWidth) > Width - Margin)
        {
            x = Margin;
            Height += LineHeight + 4;
        }

        x += 30;
        Texts.Add(new("small", x, Height, meaning));
    }

    private static List<(string Style, string Text)> LinesOf(PictureBox box, int boxWidth)
    {
        int most = Fitting(boxWidth);
        List<(string Style, string Text)> lines = [.. WrappedText.Lines(box.Title, most).Select(static line => ("head", line))];
        foreach (PictureLine line in box.Lines)
        {
            lines.AddRange(WrappedText.Lines(line.ToString(), most, line.Position == 0 && !line.IsRule ? 0 : 3).Select(text => (line.IsRule ? "rule" : "", text)));
        }

        return lines;
    }
}

/// <summary>The rows of a hook.</summary>
internal sealed record PlacedBand(string Name, int X, int Y, int Width, int Height);

/// <summary>A box with its place in the picture.</summary>
internal sealed record PlacedBox(PictureBox Box, int X, int Y, int Width, int Height, IReadOnlyList<(string Style, string Text)> Lines)
{
    public int Bottom => Y + Height;

    public int Right => X + Width;

    public (int X, int Y) TopMiddle => (X + (Width / 2), Y);

    public (int X, int Y) BottomMiddle => (X + (Width / 2), Bottom);

    public int MiddleY => Y + (Height / 2);
}

/// <summary>A line along points.</summary>
internal sealed record PlacedLine(PictureLineKind Kind, IReadOnlyList<(int X, int Y)> Points, bool HasTip);

/// <summary>A line of text; its place is the left end of its base line.</summary>
internal sealed record PlacedText(string Style, int X, int Y, string Text);

/// <summary>What a line of the picture stands for.</summary>
internal enum PictureLineKind : byte
{
    /// <summary>The packet.</summary>
    Packet,

    /// <summary>The packet, if what is not decided is so.</summary>
    Uncertain,

    /// <summary>The reply.</summary>
    Reply,

    /// <summary>A line between rows of a table.</summary>
    Row,
}
