using System.Text;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>A branch of the picture, or several that have the same form.</summary>
/// <param name="Label">How likely it is; empty for the only one.</param>
/// <param name="Boxes">Its boxes from top to bottom; behind where it ends is the way of the answer, as far as it is known.</param>
/// <param name="HasReply">Whether a reply comes back from its end.</param>
internal sealed record PictureLane(string Label, IReadOnlyList<PictureBox> Boxes, bool HasReply)
{
    /// <summary>Whether something that is not known decides whether the packet goes this way.</summary>
    public bool IsUncertain { get; init; }

    /// <summary>What branches of the same form have in common: chains of the same kind in the same hooks, with as many rules.</summary>
    public string Form
    {
        get
        {
            StringBuilder form = new($"{HasReply} {IsUncertain}");
            foreach (PictureBox box in Boxes)
            {
                form.Append('|').Append(box.Band).Append(' ').Append(box.Kind).Append(' ').Append(box.Kind == PictureBoxKind.Endpoint ? 0 : box.Lines.Count);
                if (box.Kind == PictureBoxKind.End)
                {
                    // Dropped, refused, and not delivered are different ends.
                    form.Append(' ').Append(box.Title.Split(' ')[0]);
                }
            }

            return form.ToString();
        }
    }

    /// <summary>One lane for several of the same form; what differs between them becomes an ellipsis.</summary>
    /// <param name="label">How likely they are together.</param>
    /// <param name="lanes">The lanes.</param>
    /// <param name="end">Where they end.</param>
    public static PictureLane Merge(string label, IReadOnlyList<PictureLane> lanes, PictureBox end) => lanes[0] with
    {
        Label = label,
        Boxes = [.. Enumerable.Range(0, lanes[0].Boxes.Count).Select(index => IsEnd(lanes[0].Boxes[index]) ? end : Merge([.. lanes.Select(lane => lane.Boxes[index])]))],
    };

    /// <summary>Whether a box is where the packet arrives or ends; those behind it are the way of the answer.</summary>
    public static bool IsEnd(PictureBox box) => box.Kind is PictureBoxKind.Endpoint or PictureBoxKind.End;

    private static PictureBox Merge(PictureBox[] boxes)
    {
        string title = Common([.. boxes.Select(static box => box.Title)]);
        int chains = boxes.Select(static box => box.Title).Distinct(StringComparer.Ordinal).Count();
        return boxes[0] with
        {
            Title = chains == 1 ? title : $"{title} ({chains} chains)",
            Lines = [.. Enumerable.Range(0, boxes[0].Lines.Count).Select(index => Merge([.. boxes.Select(box => box.Lines[index])]))],
        };
    }

    private static PictureLine Merge(PictureLine[] lines)
    {
        int rules = lines.Select(static line => line.Position).Distinct().Count();
        string text = Common([.. lines.Select(static line => line.Text)]);
        return rules == 1 ? lines[0] with { Text = text } : new PictureLine($"one of {rules} rules: {text}", 0, lines[0].IsRule);
    }

    /// <summary>What texts have in common at their beginning and at their end, in whole words or parts of names.</summary>
    private static string Common(string[] texts)
    {
        string first = texts[0];
        int shortest = texts.Min(static text => text.Length);
        int begin = 0;
        while (begin < shortest && Array.TrueForAll(texts, text => text[begin] == first[begin]))
        {
            begin++;
        }

        if (begin == first.Length && Array.TrueForAll(texts, text => text.Length == first.Length))
        {
            return first;
        }

        begin = first.AsSpan(0, begin).LastIndexOfAny(' ', '-') + 1;
        int end = 0;
        while (end < shortest - begin && Array.TrueForAll(texts, text => text[^(end + 1)] == first[^(end + 1)]))
        {
            end++;
        }

        int space = first.IndexOf(' ', first.Length - end);
        return $"{first[..begin]}…{(space < 0 ? "" : first[space..])}";
    }
}
