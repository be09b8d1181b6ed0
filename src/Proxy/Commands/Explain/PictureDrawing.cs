namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Places a picture for a wide screen, its branches beside each other, or for a phone, its branches below each other.</summary>
internal static class PictureDrawing
{
    /// <summary>Branches beside each other: four fit on a screen of 1400 pixels.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="hasHeading">Whether the picture stands alone, with title, answer and endpoints in it.</param>
    public static PictureLayout Wide(Picture picture, bool hasHeading) => new WidePlacement(picture, hasHeading).Place();

    /// <summary>Branches below each other, for a screen of 360 pixels.</summary>
    public static PictureLayout Narrow(Picture picture) => new NarrowPlacement(picture).Place();

    /// <summary>What is said below the boxes.</summary>
    public static void AddRemarks(PictureLayout layout, Picture picture)
    {
        if (picture.Reply.Length != 0)
        {
            layout.AddBelow("", picture.Reply);
        }

        foreach (string remark in picture.LeftOut)
        {
            layout.AddBelow("small", $"not drawn: {remark}");
        }

        layout.AddLegend();
        layout.Height += PictureLayout.LineHeight;
    }

    /// <summary>The line to a box: uncertain if its branch is.</summary>
    public static PictureLineKind LineOf(PictureLane lane) => lane.IsUncertain ? PictureLineKind.Uncertain : PictureLineKind.Packet;
}
