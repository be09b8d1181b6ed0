using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Testing;

/// <summary>Loads recorded objects into models with the product's own readers.</summary>
internal static class ModelLoader
{
    public static ManifestObjects ReadObjects(string path)
    {
        ManifestReader reader = new();
        ManifestFiles.Read([path], isRecursive: false, static () => Stream.Null, reader);
        reader.Messages.Where(message => message.Severity == ManifestSeverity.Error).Should().BeEmpty();
        return reader.Objects;
    }

    public static KubeProxyConfiguration ReadConfiguration(string directory)
    {
        LoadedConfiguration loaded = ConfigurationReader.ReadFile(Path.Combine(directory, "config.yaml"));
        loaded.StrictProblems.Should().BeEmpty();
        ConfigurationValidator.Validate(loaded.Value).Should().BeEmpty();
        return loaded.Value;
    }

    /// <summary>The model of a recorded case.</summary>
    public static RuleModelSnapshot ReadCase(string directory, string mode)
    {
        RecordedNode node = RecordedNode.Read(directory);
        ClusterInput cluster = new(ReadObjects(Path.Combine(directory, "objects.json")), ReadConfiguration(directory), mode);
        return cluster.Build(node.Name, node.Addresses, []);
    }

    public static ProxySettings Settings(string directory, string mode) =>
        RuleSettings.From(ReadConfiguration(directory), mode, RecordedNode.Read(directory).Name);
}
