namespace KubeProxySharp.Proxy.Commands.Explain.Journey;

/// <summary>A packet's way over the nodes as text.</summary>
internal static class JourneyText
{
    /// <summary>The heading.</summary>
    public const string Title = "Over the nodes";

    /// <summary>The lines of a path, without the heading.</summary>
    public static IEnumerable<string> Lines(ExplainedPath path) => path.Journey.Select(static step => step.Kind switch
    {
        JourneyStepKind.Fault => $"likely fault: {step.Text}",
        JourneyStepKind.Unknown => $"not known: {step.Text}",
        _ => step.Text,
    });

    /// <summary>What the headline says of it: the faults, each once; empty for none.</summary>
    public static string Headline(ExplainedWalk walk)
    {
        JourneyStep[] steps = [.. walk.Paths.SelectMany(static path => path.Journey).Where(static step => step.Kind is JourneyStepKind.Fault or JourneyStepKind.Stopped).DistinctBy(static step => step.Text, StringComparer.Ordinal)];
        return string.Concat(steps.Take(1).Select(static step => step.Kind == JourneyStepKind.Fault ? $"; likely fault: {Short(step.Text)}" : $"; but {step.Text}"))
            + (steps.Length > 1 ? $"; and {steps.Length - 1} more (see {Title})" : "");
    }

    /// <summary>The first part of a sentence: what is wrong, without what follows from it.</summary>
    private static string Short(string text)
    {
        int colon = text.IndexOf(": ", StringComparison.Ordinal);
        return colon < 0 ? text : text[..colon];
    }
}
