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
            before = WriteBox(box, before, "", isUncertain: false);
        }

        foreach (PictureLane lane in picture.Lanes)
        {
            string? last = before;
            string label = lane.Label;
            foreach (PictureBox box in lane.Boxes)
            {
                last = WriteBox(box, last, label, lane.IsUncertain);
                label = "";
            }

            if (lane.HasReply)
            {
                output.WriteLine($"    {last} -> {client} [style=dotted, constraint=false, label={Quote(picture.Reply)}];");
            }
        }

        if (picture.Endpoints.Rows.Count != 0)
        {
            string rows = string.Join("\n", picture.Endpoints.Rows.Prepend(picture.Endpoints.Columns).Select(static row => string.Join("  ", row))) + (picture.Endpoints.LeftOut.Length == 0 ? "" : "\n" + picture.Endpoints.LeftOut);
            output.WriteLine($"    w{number}endpoints [shape=note, label={Quote(rows)}];");
        }

        if (picture.LeftOut.Count != 0)
        {
            output.WriteLine($"    w{number}leftout [shape=plaintext, label={Quote("not drawn: " + string.Join("\n", picture.LeftOut))}];");
        }

        output.WriteLine("  }");

        string WriteBox(PictureBox box, string? previous, string label, bool isUncertain)
        {
            string name = $"w{number}b{boxes++}";
            string title = box.Band.Length == 0 ? box.Title : $"{box.Band} {box.Title}";
            string style = box.Kind switch
            {
                PictureBoxKind.Client or PictureBoxKind.Endpoint => ", style=rounded",
                PictureBoxKind.Doubt or PictureBoxKind.More => ", style=dashed",
                PictureBoxKind.End => ", color=red",
                PictureBoxKind.Fault => ", color=red, style=dashed",
                PictureBoxKind.Rewrite => ", penwidth=2",
                _ => "",
            };
            output.WriteLine($"    {name} [label={Quote(string.Join('\n', box.Texts.Skip(1).Prepend(title)))}{style}];");
            if (previous is not null)
            {
                string[] attributes = [label.Length == 0 ? "" : $"label={Quote(label)}", isUncertain ? "style=dashed" : ""];
                string given = string.Join(", ", attributes.Where(static attribute => attribute.Length != 0));
                output.WriteLine($"    {previous} -> {name}{(given.Length == 0 ? "" : $" [{given}]")};");
            }

            return name;
        }
    }

    private static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
