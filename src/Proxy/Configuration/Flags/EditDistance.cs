namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>The edit distance of two names, for suggestions after a mistyped flag or gate.</summary>
internal static class EditDistance
{
    /// <summary>Names beyond this length are not compared.</summary>
    private const int MaxLength = 64;

    /// <summary>The Levenshtein distance.</summary>
    public static int Between(string a, string b)
    {
        if (a.Length > MaxLength || b.Length > MaxLength)
        {
            return int.MaxValue;
        }

        int[] previous = new int[b.Length + 1];
        int[] current = new int[b.Length + 1];
        for (int column = 0; column <= b.Length; column++)
        {
            previous[column] = column;
        }

        for (int row = 1; row <= a.Length; row++)
        {
            current[0] = row;
            for (int column = 1; column <= b.Length; column++)
            {
                int replaced = previous[column - 1] + (a[row - 1] == b[column - 1] ? 0 : 1);
                current[column] = Math.Min(replaced, Math.Min(previous[column], current[column - 1]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[b.Length];
    }
}
