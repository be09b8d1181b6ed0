namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>All boxes below each other; a line on the left leads to the branches, one on the right is the reply's.</summary>
/// <param name="picture">The picture.</param>
internal sealed class NarrowPlacement(Picture picture)
{
    private const int Width = 340;
    private const int BranchX = 8;
    private const int BoxX = 18;
    private const int BoxWidth = 298;
    private const int ReplyX = 328;
    private const int RowGap = 26;

    /// <summary>Room for the name of a hook, or for what is said of a branch.</summary>
    private const int NameHeight = 18;

    private readonly PictureLayout _layout = new(Width);
    private string _band = "";
    private int _bandTop;
    private int _y = 14;

    public PictureLayout Place()
    {
        PlacedBox client = PlaceAll(picture.Stem, null, PictureLineKind.Packet, out PlacedBox last);
        bool areBranches = picture.Lanes.Count > 1;
        List<PlacedBox> answering = [];
        foreach (PictureLane lane in picture.Lanes)
        {
            PictureLineKind kind = PictureDrawing.LineOf(lane);
            if (areBranches)
            {
                CloseBand();
                _y += NameHeight;
                _layout.Texts.Add(new("head", BoxX, _y - 8, lane.Label.Length == 0 ? "otherwise" : lane.Label));
                PlacedBox first = PlaceAll(lane.Boxes, null, kind, out PlacedBox laneEnd);
                _layout.AddArrow(kind, (last.X, last.MiddleY), (BranchX, last.MiddleY), (BranchX, first.MiddleY), (first.X, first.MiddleY));
                Answer(lane, laneEnd);
            }
            else
            {
                PlaceAll(lane.Boxes, last, kind, out PlacedBox laneEnd);
                Answer(lane, laneEnd);
            }
        }

        CloseBand();
        if (answering.Count != 0)
        {
            PlacedBox lowest = answering[^1];
            _layout.AddArrow(PictureLineKind.Reply, (lowest.Right, lowest.MiddleY), (ReplyX, lowest.MiddleY), (ReplyX, client.MiddleY), (client.Right, client.MiddleY));
            foreach (PlacedBox other in answering.SkipLast(1))
            {
                _layout.Lines.Add(new(PictureLineKind.Reply, [(other.Right, other.MiddleY), (ReplyX, other.MiddleY)], HasTip: false));
            }
        }

        _layout.Height = _y - 8;
        PictureDrawing.AddRemarks(_layout, picture);
        return _layout;

        void Answer(PictureLane lane, PlacedBox end)
        {
            if (lane.HasReply)
            {
                answering.Add(end);
            }
        }
    }

    /// <summary>Places boxes; gives the first of them.</summary>
    private PlacedBox PlaceAll(IReadOnlyList<PictureBox> boxes, PlacedBox? before, PictureLineKind kind, out PlacedBox last)
    {
        PlacedBox? first = null;
        PlacedBox? previous = before;
        foreach (PictureBox box in boxes)
        {
            if (box.Band != _band)
            {
                CloseBand();
                if (box.Band.Length != 0)
                {
                    _layout.Texts.Add(new("hook", BoxX, _y + 8, box.Band));
                    _bandTop = _y - 6;
                    _y += NameHeight;
                }

                _band = box.Band;
            }

            PlacedBox placed = _layout.Add(box, BoxX, _y, BoxWidth);
            if (previous is not null)
            {
                kind = PictureLane.IsEnd(previous.Box) ? PictureLineKind.Reply : kind;
                _layout.AddArrow(kind, previous.BottomMiddle, placed.TopMiddle);
            }

            first ??= placed;
            previous = placed;
            _y = placed.Bottom + RowGap;
        }

        last = previous ?? throw new InvalidOperationException("a branch without boxes");
        return first ?? last;
    }

    private void CloseBand()
    {
        if (_band.Length != 0)
        {
            _layout.Bands.Add(new(_band, 2, _bandTop, Width - 4, _y - RowGap + 10 - _bandTop));
            _band = "";
        }
    }
}
