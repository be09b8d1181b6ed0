namespace KubeProxySharp.Testing;

/// <summary>The recorded cases and sequences, found on disk so that none is forgotten.</summary>
public static class RecordedCases
{
    public static IReadOnlyList<string> Cases { get; } = Names("cases");

    public static IReadOnlyList<string> Sequences { get; } = Names("sequences");

    public static string CaseDirectory(string name) => Path.Combine(RepositoryRoot.Recorded, "cases", name);

    public static string SequenceDirectory(string name) => Path.Combine(RepositoryRoot.Recorded, "sequences", name);

    /// <summary>The step directories of a sequence, in order.</summary>
    public static IReadOnlyList<string> Steps(string sequence)
    {
        string[] steps = Directory.GetDirectories(SequenceDirectory(sequence));
        Array.Sort(steps, StringComparer.Ordinal);
        return steps;
    }

    private static string[] Names(string folder)
    {
        string[] names = [.. Directory.GetDirectories(Path.Combine(RepositoryRoot.Recorded, folder)).Select(path => Path.GetFileName(path))];
        Array.Sort(names, StringComparer.Ordinal);
        return names.Length != 0 ? names : throw new InvalidOperationException($"no recordings in {folder}");
    }
}
