namespace KubeProxySharp.Testing;

/// <summary>Where the repository is: found by walking up to the solution, since source paths are rewritten in CI builds.</summary>
public static class RepositoryRoot
{
    public static string Path { get; } = Find();

    public static string Golden => System.IO.Path.Combine(Path, "tests", "golden");

    public static string Recorded => System.IO.Path.Combine(Golden, "recorded");

    public static string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    private static string Find()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(System.IO.Path.Combine(directory.FullName, "KubeProxySharp.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("KubeProxySharp.sln is not above " + AppContext.BaseDirectory);
    }
}
