namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// The stem in the middle, the lanes beside each other, each row as high as its highest box, and rows of the same hook in
/// one band.
/// </summary>
/// <param name="picture">The picture.</param>
/// <param name="hasHeading">Whether title, answer and endpoints are in it.</param>
internal sealed class WidePlacement(Picture picture, bool hasHeading)
{
    private const int BoxWidth = 288;

    /// <summary>Room on the left for the names of hooks.</summary>
    private const int LeftMargin = 100;
    private const int Gap = 16;
    private const int RowGap = 34;
    private const int LeastHeadingWidth = 760;

    /// <summary>The most that is as wide as a usual screen: endpoints that do not fit beside the picture are below it.</summary>
    private const int MostWidth = 1352;

    private readonly int _lanesWidth = (picture.Lanes.Count * (BoxWidth + Gap)) - Gap;

    public PictureLayout Place()
    {
        int stemX = LeftMargin + ((_lanesWidth - BoxWidth) / 2);
        int replyX = LeftMargin + _lanesWidth + Gap;
        int drawn = replyX + Gap;
        PictureLayout layout = new(drawn);
        int top = 0;
        if (hasHeading)
        {
            layout.Widen(LeastHeadingWidth);
            EndpointRows.Widen(layout, picture.Endpoints, drawn, MostWidth);
            layout.AddBelow("title", picture.Title, PictureLayout.TitleCharacterWidth);
            layout.Height += 6;
            layout.AddBelow("", picture.Subtitle);
            layout.Height += PictureLayout.LineHeight;
            top = layout.Height;
        }

        List<(string Name, int Top, int Bottom)> bands = [];
        int y = top + 24;
        List<PlacedBox> stem = [];
        foreach (PictureBox box in picture.Stem)
        {
            PlacedBox placed = layout.Add(box, stemX, y, BoxWidth);
            Extend(bands, box.Band, placed.Y, placed.Bottom);
            stem.Add(placed);
            y = placed.Bottom + RowGap;
        }

        for (int index = 1; index < stem.Count; index++)
        {
            layout.AddArrow(PictureLineKind.Packet, stem[index - 1].BottomMiddle, stem[index].TopMiddle);
        }

        y += picture.Lanes.Count > 1 ? RowGap / 2 : 0;
        List<PlacedBox>[] lanes = PlaceLanes(layout, bands, stem[^1], ref y);
        layout.Height = y;
        if (picture.Reply.Length != 0)
        {
            DrawReply(layout, stem[0], lanes, replyX);
        }

        foreach ((string name, int bandTop, int bandBottom) in bands)
        {
            layout.Bands.Add(new(name, 8, bandTop - 12, drawn - 16, bandBottom - bandTop + 24));
            layout.Texts.Add(new("hook", 14, bandTop + 6, name));
        }

        if (hasHeading)
        {
            EndpointRows.Add(layout, picture.Endpoints, top + 40, drawn, MostWidth);
        }

        PictureDrawing.AddRemarks(layout, picture);
        return layout;
    }

    private List<PlacedBox>[] PlaceLanes(PictureLayout layout, List<(string Name, int Top, int Bottom)> bands, PlacedBox last, ref int y)
    {
        List<PlacedBox>[] lanes = [.. picture.Lanes.Select(static _ => new List<PlacedBox>())];
        while (RowBand(lanes, last.Box.Band) is { } band)
        {
            int height = 0;
            for (int number = 0; number < lanes.Length; number++)
            {
                PictureLane lane = picture.Lanes[number];
                List<PlacedBox> placed = lanes[number];
                if (placed.Count < lane.Boxes.Count && lane.Boxes[placed.Count] is { } box && box.Band == band)
                {
                    PlacedBox next = layout.Add(box, LeftMargin + (number * (BoxWidth + Gap)), y, BoxWidth);
                    Connect(layout, placed.Count == 0 ? last : placed[^1], next, lane, isFirst: placed.Count == 0);
                    placed.Add(next);
                    height = Math.Max(height, next.Height);
                }
            }

            Extend(bands, band, y, y + height);
            y += height + RowGap;
        }

        return lanes;
    }

    private static void Connect(PictureLayout layout, PlacedBox from, PlacedBox to, PictureLane lane, bool isFirst)
    {
        (int fromX, int fromY) = from.BottomMiddle;
        (int toX, int toY) = to.TopMiddle;
        PictureLineKind kind = lane.Boxes.TakeWhile(box => box != to.Box).Any(PictureLane.IsEnd) ? PictureLineKind.Reply : PictureDrawing.LineOf(lane);
        if (fromX == toX)
        {
            layout.AddArrow(kind, from.BottomMiddle, to.TopMiddle);
        }
        else
        {
            layout.AddArrow(kind, from.BottomMiddle, (fromX, fromY + 16), (toX, fromY + 16), to.TopMiddle);
        }

        if (isFirst && lane.Label.Length != 0)
        {
            layout.Texts.Add(new("head", toX + 8, toY - 10, lane.Label));
        }
    }

    private void DrawReply(PictureLayout layout, PlacedBox client, List<PlacedBox>[] lanes, int replyX)
    {
        int bus = layout.Height - (RowGap / 2);
        int[] answering = [.. Enumerable.Range(0, lanes.Length).Where(number => picture.Lanes[number].HasReply)];
        foreach (int number in answering)
        {
            (int x, int y) = lanes[number][^1].BottomMiddle;
            if (number == answering[0])
            {
                layout.AddArrow(PictureLineKind.Reply, (x, y), (x, bus), (replyX, bus), (replyX, client.MiddleY), (client.Right, client.MiddleY));
            }
            else
            {
                layout.Lines.Add(new(PictureLineKind.Reply, [(x, y), (x, bus)], HasTip: false));
            }
        }

        layout.Height += 4;
    }

    /// <summary>The hook of the next row: the earliest that any lane is at; empty for the ends, which come last; null when all is placed.</summary>
    private string? RowBand(List<PlacedBox>[] lanes, string current)
    {
        List<string> candidates = [];
        for (int lane = 0; lane < lanes.Length; lane++)
        {
            if (lanes[lane].Count < picture.Lanes[lane].Boxes.Count)
            {
                candidates.Add(picture.Lanes[lane].Boxes[lanes[lane].Count].Band);
            }
        }

        if (candidates.Count == 0)
        {
            return null;
        }

        // A packet for the node itself that it sent leaves first and comes in again.
        string[] order = current is "OUTPUT"
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
}
