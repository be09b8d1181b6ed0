namespace KubeProxySharp.Testing;

/// <summary>Describes briefly how two lists of lines differ, for failure messages.</summary>
public static class TextDiff
{
    private const int MaxLines = 30;

    public static string Describe(IReadOnlyList<string> expected, IReadOnlyList<string> actual)
    {
        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        foreach (string line in expected)
        {
            counts[line] = counts.GetValueOrDefault(line) + 1;
        }

        List<string> added = [];
        foreach (string line in actual)
        {
            int left = counts.GetValueOrDefault(line);
            if (left == 0)
            {
                added.Add("+ " + line);
            }
            else
            {
                counts[line] = left - 1;
            }
        }

        IEnumerable<string> removed = counts.Where(count => count.Value > 0).Select(count => "- " + count.Key);
        string[] all = [.. removed, .. added];
        return all.Length == 0 ? "same lines in another order" : string.Join('\n', all.Take(MaxLines));
    }
}
