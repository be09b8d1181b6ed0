using KubeProxySharp.Testing;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

/// <summary>The recorded answers of a real API server (README.md of the recordings).</summary>
internal static class RecordedBodies
{
    public static string Folder { get; } = RepositoryRoot.Combine("tests", "Kubernetes.Tests", "recorded", "wire");

    public static byte[] Body(string name) => File.ReadAllBytes(Path.Combine(Folder, name + ".body"));

    /// <summary>The media type of a recorded answer.</summary>
    public static string ContentType(string name) =>
        File.ReadLines(Path.Combine(Folder, name + ".headers"))
            .First(line => line.StartsWith("Content-Type: ", StringComparison.OrdinalIgnoreCase))["Content-Type: ".Length..];

    /// <summary>Bodies that exist in both formats, without their extension.</summary>
    public static IReadOnlyList<string> Pairs(string folder, string prefix)
    {
        string[] names =
        [
            .. Directory.GetFiles(Path.Combine(Folder, folder), prefix + "*.pb.body")
                .Select(path => $"{folder}/{Path.GetFileName(path)[..^".pb.body".Length]}")
                .Where(name => File.Exists(Path.Combine(Folder, name + ".json.body")))
                .Order(StringComparer.Ordinal),
        ];
        return names.Length != 0 ? names : throw new InvalidOperationException($"no recordings {folder}/{prefix}");
    }

    /// <summary>Every protobuf body.</summary>
    public static IReadOnlyList<string> Protobuf() =>
        [.. Directory.GetFiles(Folder, "*.pb.body", SearchOption.AllDirectories).Where(path => !path.Contains("gzip/list", StringComparison.Ordinal))];
}
