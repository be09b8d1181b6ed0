namespace KubeProxySharp.Proxy.Host;

/// <summary>Finds programs.</summary>
internal static class ToolPath
{
    /// <summary>Where netfilter's programs are, for when PATH does not say.</summary>
    private static readonly string[] s_usual = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>PATH as children get it.</summary>
    public static string SearchPath { get; } = Environment.GetEnvironmentVariable("PATH") is { Length: > 0 } path ? path : string.Join(':', s_usual);

    /// <summary>The full name of a program; null if there is none.</summary>
    public static string? Find(string tool)
    {
        if (Path.IsPathRooted(tool))
        {
            return File.Exists(tool) ? tool : null;
        }

        foreach (string directory in SearchPath.Split(':', StringSplitOptions.RemoveEmptyEntries).Concat(s_usual))
        {
            string candidate = Path.Combine(directory, tool);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
