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
                case JourneyStepKind.Stopped:
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
        foreach (JourneyStep step in path.Journey.Skip(Request(path).Count()))
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

    /// <summary>What stops the packet on its way behind the rules of the first node; null if nothing does.</summary>
    public static JourneyStep? StopOf(ExplainedPath path) => path.Journey.FirstOrDefault(static step => step.Kind == JourneyStepKind.Stopped);

    /// <summary>How the packet reached the first node; null if that is not known.</summary>
    public static JourneyStep? ArrivalOf(IReadOnlyList<ExplainedPath> paths) =>
        paths.Select(static path => path.Journey.Count == 0 ? null : path.Journey[0]).FirstOrDefault(static step => step is { Kind: JourneyStepKind.Arrives });

    /// <summary>The steps up to the one with which the packet arrives or ends; what is not known of the way back comes behind.</summary>
    private static IEnumerable<JourneyStep> Request(ExplainedPath path)
    {
        int last = -1;
        for (int index = 0; index < path.Journey.Count; index++)
        {
            if (path.Journey[index].Kind is JourneyStepKind.Delivered or JourneyStepKind.Stopped or JourneyStepKind.Arrives or JourneyStepKind.Leaves)
            {
                last = index;
            }
        }

        // A fault or an open question right behind the last of them is of the request, unless the packet has arrived.
        bool hasArrived = last >= 0 && path.Journey[last].Kind is JourneyStepKind.Delivered;
        int end = last + 1;
        while (!hasArrived && end < path.Journey.Count && path.Journey[end].Kind is JourneyStepKind.Fault or JourneyStepKind.Unknown)
        {
            end++;
        }

        return path.Journey.Take(hasArrived ? last + 1 : end);
    }

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
