namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Writes pictures in the language of Graphviz.</summary>
internal static class DotWriter
{
    /// <summary>Writes a graph with all walks.</summary>
    public static void Write(Explanation explanation, bool showsAll, TextWriter output)
    {
        output.WriteLine("digraph explain {");
        output.WriteLine("  node [shape=box, fontname=\"monospace\", fontsize=10];");
        output.WriteLine("  edge [fontname=\"monospace\", fontsize=10];");
        for (int index = 0; index < explanation.Walks.Count; index++)
        {
            Write(Picture.Of(explanation, explanation.Walks[index], showsAll), index, output);
        }

        output.WriteLine("}");
    }

    private static void Write(Picture picture, int number, TextWriter output)
    {
        output.WriteLine($"  subgraph cluster_{number} {{");
        output.WriteLine($"    label={Quote(picture.Title + "\n" + picture.Subtitle)};");
        int boxes = 0;
        string? before = null;
        string client = $"w{number}b0";
        foreach (PictureBox box in picture.Stem)
        {
            before = WriteBox(box, before, "");
        }

        foreach (PictureLane lane in picture.Lanes)
        {
            string? last = before;
            string label = lane.Label;
            foreach (PictureBox box in lane.Boxes)
            {
                last = WriteBox(box, last, label);
                label = "";
            }

            if (lane.HasReply)
            {
                output.WriteLine($"    {last} -> {client} [style=dashed, constraint=false, label={Quote($"{picture.ReplyDescription}; seen from {picture.ReplyFrom}")}];");
            }
        }

        output.WriteLine("  }");

        string WriteBox(PictureBox box, string? previous, string label)
        {
            string name = $"w{number}b{boxes++}";
            string title = box.Band.Length == 0 ? box.Title : $"{box.Band} {box.Title}";
            string style = box.Kind switch
            {
                PictureBoxKind.Client or PictureBoxKind.Endpoint => ", style=rounded",
                PictureBoxKind.Doubt or PictureBoxKind.More => ", style=dashed",
                PictureBoxKind.End => ", color=red",
                PictureBoxKind.Rewrite => ", penwidth=2",
                _ => "",
            };
            output.WriteLine($"    {name} [label={Quote(string.Join('\n', box.Lines.Prepend(title)))}{style}];");
            if (previous is not null)
            {
                output.WriteLine($"    {previous} -> {name}{(label.Length == 0 ? "" : $" [label={Quote(label)}]")};");
            }

            return name;
        }
    }

    private static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
