namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// Places the boxes of a picture: the stem in the middle, the lanes beside each other, each row as high as its highest
/// box, and rows of the same hook in one band.
/// </summary>
internal sealed class PictureLayout
{
    /// <summary>Width of a box, and the number of characters that fit in it.</summary>
    public const int BoxWidth = 300;
    public const int MostCharacters = 39;

    /// <summary>Height of a line of text.</summary>
    public const int LineHeight = 16;

    /// <summary>Room on the left for the names of hooks.</summary>
    public const int LeftMargin = 110;

    private const int Gap = 24;
    private const int RowGap = 34;
    private const int BoxPadding = 14;
    private const int CharacterWidth = 8;

    private PictureLayout(int width, int replyX, int height, List<PlacedBox> stem, List<List<PlacedBox>> lanes, List<(string Name, int Top, int Bottom)> bands)
    {
        Width = width;
        ReplyX = replyX;
        Height = height;
        Stem = stem;
        Lanes = lanes;
        Bands = bands;
    }

    public int Width { get; }

    /// <summary>Where the answer goes up.</summary>
    public int ReplyX { get; }

    public int Height { get; }

    public IReadOnlyList<PlacedBox> Stem { get; }

    public IReadOnlyList<IReadOnlyList<PlacedBox>> Lanes { get; }

    /// <summary>The hooks with the rows that belong to them.</summary>
    public IReadOnlyList<(string Name, int Top, int Bottom)> Bands { get; }

    /// <summary>Places.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="top">Where it begins.</param>
    public static PictureLayout Of(Picture picture, int top)
    {
        int lanesWidth = (picture.Lanes.Count * (BoxWidth + Gap)) - Gap;
        int replyLabel = ((picture.ReplyFrom.Length + 11) * CharacterWidth) + Gap;
        int rightOfStem = picture.ReplyFrom.Length == 0 ? 0 : Math.Max(replyLabel, ((lanesWidth - BoxWidth) / 2) + Gap);
        int stemX = LeftMargin + Math.Max(0, (lanesWidth - BoxWidth) / 2);
        int replyX = stemX + BoxWidth + rightOfStem;
        int width = Math.Max(replyX + Gap, LeftMargin + lanesWidth + Gap);

        List<(string Name, int Top, int Bottom)> bands = [];
        List<PlacedBox> stem = [];
        int y = top;
        foreach (PictureBox box in picture.Stem)
        {
            PlacedBox placed = new(box, stemX, y, HeightOf(box));
            stem.Add(placed);
            Extend(bands, box.Band, placed.Y, placed.Bottom);
            y = placed.Bottom + RowGap;
        }

        y += picture.Lanes.Count > 1 ? RowGap / 2 : 0;
        List<List<PlacedBox>> lanes = [.. picture.Lanes.Select(_ => new List<PlacedBox>())];
        int[] next = new int[lanes.Count];
        while (RowBand(picture, next, stem[^1].Box.Band) is { } band)
        {
            int height = 0;
            for (int lane = 0; lane < lanes.Count; lane++)
            {
                if (next[lane] < picture.Lanes[lane].Boxes.Count && picture.Lanes[lane].Boxes[next[lane]] is { } box && box.Band == band)
                {
                    int laneX = LeftMargin + (picture.Lanes.Count == 1 ? stemX - LeftMargin : lane * (BoxWidth + Gap));
                    lanes[lane].Add(new(box, laneX, y, HeightOf(box)));
                    height = Math.Max(height, HeightOf(box));
                    next[lane]++;
                }
            }

            Extend(bands, band, y, y + height);
            y += height + RowGap;
        }

        return new(width, replyX, y + (picture.ReplyFrom.Length == 0 ? 0 : 24), stem, lanes, bands);
    }

    /// <summary>The hook of the next row: the earliest that any lane is at; empty for the ends, which come last; null when all is placed.</summary>
    private static string? RowBand(Picture picture, int[] next, string current)
    {
        List<string> candidates = [];
        for (int lane = 0; lane < next.Length; lane++)
        {
            if (next[lane] < picture.Lanes[lane].Boxes.Count)
            {
                candidates.Add(picture.Lanes[lane].Boxes[next[lane]].Band);
            }
        }

        if (candidates.Count == 0)
        {
            return null;
        }

        // A packet for the node itself that it sent leaves first and comes in again.
        bool isFromNode = current is "OUTPUT";
        string[] order = isFromNode
            ? ["OUTPUT", "POSTROUTING", "PREROUTING", "INPUT"]
            : ["PREROUTING", "OUTPUT", "INPUT", "FORWARD", "POSTROUTING"];
        return Array.Find(order, candidates.Contains) ?? "";
    }

    private static void Extend(List<(string Name, int Top, int Bottom)> bands, string name, int top, int bottom)
    {
        if (name.Length == 0)
        {
            return;
        }

        if (bands.Count != 0 && bands[^1].Name == name)
        {
            bands[^1] = bands[^1] with { Bottom = bottom };
        }
        else
        {
            bands.Add((name, top, bottom));
        }
    }

    private static int HeightOf(PictureBox box) => ((box.Lines.Count + 1) * LineHeight) + BoxPadding;
}

/// <summary>A box with its place in the picture.</summary>
/// <param name="Box">The box.</param>
/// <param name="X">Its left edge.</param>
/// <param name="Y">Its upper edge.</param>
/// <param name="Height">Its height.</param>
internal sealed record PlacedBox(PictureBox Box, int X, int Y, int Height)
{
    public int Bottom => Y + Height;

    public int Middle => X + (PictureLayout.BoxWidth / 2);
}
