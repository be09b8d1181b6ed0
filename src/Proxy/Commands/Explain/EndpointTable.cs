namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The endpoints of an answer with what is known of them, where they are too many to be drawn one by one.</summary>
/// <param name="Columns">The headings; a column of which nothing is known is left out.</param>
/// <param name="Rows">The cells of each endpoint, the likeliest first.</param>
/// <param name="LeftOut">What is not in the table; empty if all are.</param>
internal sealed record EndpointTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, string LeftOut)
{
    /// <summary>The most endpoints that are drawn one by one.</summary>
    public const int MostDrawn = 4;

    private const int MostRows = 40;

    private static readonly EndpointTable s_none = new([], [], "");

    /// <summary>The table of an answer; without rows if its endpoints are drawn.</summary>
    public static EndpointTable Of(PacketQuestion question, ExplainedWalk walk, bool showsAll)
    {
        ExplainedPath[] paths = [.. walk.Paths.Where(static path => path.IsForwarded)];
        if (paths.Length <= MostDrawn)
        {
            return s_none;
        }

        (string Name, Func<ExplainedPath, string> Cell)[] columns =
        [
            ("share", AnswerDescription.Share),
            ("endpoint", static path => path.TargetText),
            ("pod", static path => path.TargetPod),
            ("node", static path => path.TargetNode),
            ("zone", static path => path.TargetZone),
            ("sees", path => Sees(question, path)),
        ];
        (string Name, Func<ExplainedPath, string> Cell)[] known = [.. columns.Where(column => Array.Exists(paths, path => column.Cell(path).Length != 0))];
        int listed = showsAll ? paths.Length : Math.Min(paths.Length, MostRows);
        return new(
            [.. known.Select(static column => column.Name)],
            [.. paths.Take(listed).Select(path => (IReadOnlyList<string>)[.. known.Select(column => column.Cell(path))])],
            listed == paths.Length ? "" : $"{paths.Length - listed} more endpoints are not listed; -v lists them");
    }

    /// <summary>The client's address as the endpoint sees it.</summary>
    public static string Sees(PacketQuestion question, ExplainedPath path) =>
        !path.IsMasqueraded ? question.Source.ToString() : path.MasqueradeAddress?.ToString() ?? "an address of this node";
}
