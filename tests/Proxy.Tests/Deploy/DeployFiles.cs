using KubeProxySharp.Testing;
using YamlDotNet.RepresentationModel;

namespace KubeProxySharp.Proxy.Tests.Deploy;

/// <summary>The documents of deploy/.</summary>
internal static class DeployFiles
{
    /// <summary>Path of a file.</summary>
    public static string PathOf(params string[] parts) => RepositoryRoot.Combine(["deploy", .. parts]);

    /// <summary>All objects of a file.</summary>
    public static IReadOnlyList<YamlMappingNode> Read(params string[] parts)
    {
        using StreamReader reader = new(PathOf(parts));
        YamlStream stream = [];
        stream.Load(reader);
        return [.. stream.Documents.Select(document => (YamlMappingNode)document.RootNode)];
    }

    /// <summary>The node at a path of keys and positions.</summary>
    public static YamlNode At(YamlNode node, params object[] path)
    {
        foreach (object step in path)
        {
            node = step is int position ? node[position] : node[(string)step];
        }

        return node;
    }

    /// <summary>The texts of a sequence.</summary>
    public static IReadOnlyList<string> Texts(YamlNode node) => [.. ((YamlSequenceNode)node).Select(item => ((YamlScalarNode)item).Value!)];

    /// <summary>The path of every scalar, with [] for positions and <c>*</c> for the keys of label-like maps.</summary>
    public static IEnumerable<string> Paths(YamlNode node, string at = "") => node switch
    {
        YamlMappingNode map when IsFree(at) => map.Children.Count == 0 ? [] : [at + ".*"],
        YamlMappingNode map => map.Children.SelectMany(child => Paths(child.Value, at + "." + ((YamlScalarNode)child.Key).Value)),
        YamlSequenceNode list => list.Children.SelectMany(child => Paths(child, at + "[]")),
        _ => [at],
    };

    private static bool IsFree(string path) =>
        path.EndsWith("abels", StringComparison.Ordinal) || path.EndsWith(".nodeSelector", StringComparison.Ordinal) || path.EndsWith(".requests", StringComparison.Ordinal);
}
