using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>Recorded cases of one node and one configuration: one agent can go through them by changes of objects alone.</summary>
/// <param name="First">The first case.</param>
/// <param name="Cases">All of them.</param>
internal sealed record RecordedGroup(string First, IReadOnlyList<string> Cases)
{
    /// <summary>All cases in groups.</summary>
    public static IReadOnlyList<RecordedGroup> All { get; } =
        [.. RecordedCases.Cases.GroupBy(KeyOf, StringComparer.Ordinal).Select(group => new RecordedGroup(group.First(), [.. group]))];

    /// <summary>The names of the groups, for theories.</summary>
    public static TheoryData<string> Names() => [.. All.Select(group => group.First)];

    private static string KeyOf(string name)
    {
        string directory = RecordedCases.CaseDirectory(name);
        RecordedNode node = RecordedNode.Read(directory);
        return $"{node.Name} {string.Join(' ', node.Addresses)}\n{File.ReadAllText(Path.Combine(directory, "config.yaml"))}";
    }
}
