namespace KubeProxySharp.Proxy.Commands.Explain.Journey;

/// <summary>A packet's way over the nodes as boxes of a picture: the nodes, the tunnel between them, and the way of the answer.</summary>
internal static class JourneyBoxes
{
    /// <summary>The boxes between the rules of the first node and where the packet arrives.</summary>
    public static IReadOnlyList<PictureBox> ToEndpoint(ExplainedPath path)
    {
        List<PictureBox> boxes = [];
        foreach (JourneyStep step in Request(path))
        {
            switch (step.Kind)
            {
                case JourneyStepKind.Delivered:
                case JourneyStepKind.Arrives when boxes.Count == 0:
                case JourneyStepKind.Stopped or JourneyStepKind.Fault:
                    break; // the endpoint's box, the client's, and the end's have it
                case JourneyStepKind.Leaves when step.Tunnel.Length != 0:
                    Add(boxes, step.Node, $"sends it by {step.Interface}{Via(step)}");
                    boxes.Add(new(PictureBoxKind.Hop, "", $"tunnel {step.Tunnel}", step.OuterSource is null ? [] : [new($"{step.OuterSource} -> {step.OuterDestination}")]));
                    break;
                default:
                    AddStep(boxes, step);
                    break;
            }
        }

        return boxes;
    }

    /// <summary>The boxes of the answer, behind where the packet arrives; none if nothing is known of its way.</summary>
    public static IReadOnlyList<PictureBox> OfAnswer(ExplainedPath path)
    {
        List<PictureBox> boxes = [];
        foreach (JourneyStep step in path.Journey.Where(static step => step.IsOfAnswer))
        {
            if (step.Kind == JourneyStepKind.Reply && step.Interface is not null)
            {
                Add(boxes, step.Node, $"the answer leaves by {step.Interface}{Via(step)}{(step.Tunnel.Length == 0 ? "" : $", through {step.Tunnel}")}");
            }
            else
            {
                AddStep(boxes, step);
            }
        }

        return boxes;
    }

    /// <summary>What stops the packet on its way behind the rules of the first node, surely or likely; null if nothing does.</summary>
    public static JourneyStep? StopOf(ExplainedPath path) =>
        Request(path).LastOrDefault() is { Kind: JourneyStepKind.Stopped or JourneyStepKind.Fault } last ? last : null;

    /// <summary>How the packet reached the first node; null if that is not known.</summary>
    public static JourneyStep? ArrivalOf(IReadOnlyList<ExplainedPath> paths) =>
        paths.Select(static path => path.Journey.Count == 0 ? null : path.Journey[0]).FirstOrDefault(static step => step is { Kind: JourneyStepKind.Arrives });

    /// <summary>The steps of the packet itself: those before the first of its answer.</summary>
    private static IEnumerable<JourneyStep> Request(ExplainedPath path) => path.Journey.TakeWhile(static step => !step.IsOfAnswer);

    private static void AddStep(List<PictureBox> boxes, JourneyStep step)
    {
        string text = step.Node.Length != 0 && step.Text.StartsWith(step.Node + " ", StringComparison.Ordinal) ? step.Text[(step.Node.Length + 1)..] : step.Text;
        switch (step.Kind)
        {
            case JourneyStepKind.Fault:
                boxes.Add(new(PictureBoxKind.Fault, "", "likely fault", [new(step.Text)]));
                break;
            case JourneyStepKind.Unknown:
                Add(boxes, step.Node, $"not known: {text}");
                break;
            default:
                Add(boxes, step.Node, text);
                break;
        }
    }

    /// <summary>Adds a line to the box of the node, which is the last one or a new one.</summary>
    private static void Add(List<PictureBox> boxes, string node, string line)
    {
        string title = ClusterNetworks.Called(node);
        if (boxes.Count != 0 && boxes[^1].Kind == PictureBoxKind.Hop && boxes[^1].Title == title)
        {
            boxes[^1] = boxes[^1] with { Lines = [.. boxes[^1].Lines, new(line)] };
        }
        else
        {
            boxes.Add(new(PictureBoxKind.Hop, "", title, [new(line)]));
        }
    }

    private static string Via(JourneyStep step) => step.Gateway is { } gateway ? $" via {gateway}" : "";
}
