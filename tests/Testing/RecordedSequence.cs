using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using Xunit;

namespace KubeProxySharp.Testing;

/// <summary>A recorded sequence as changes of one model: kube-proxy kept running while the objects changed.</summary>
internal static class RecordedSequence
{
    /// <summary>All recorded sequences, in both families.</summary>
    public static TheoryData<string, IpFamily> All()
    {
        TheoryData<string, IpFamily> sequences = [];
        foreach (string name in RecordedCases.Sequences)
        {
            sequences.Add(name, IpFamily.IPv4);
            sequences.Add(name, IpFamily.IPv6);
        }

        return sequences;
    }

    /// <summary>The steps of a sequence, each with the change from the one before and a model built from scratch.</summary>
    public static IEnumerable<(string Step, RuleModelChange Change, RuleModelSnapshot Scratch)> Walk(string name, string mode)
    {
        string directory = RecordedCases.SequenceDirectory(name);
        RecordedNode recordedNode = RecordedNode.Read(directory);
        ProxySettings settings = ModelLoader.Settings(directory, mode);
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder? builder = null;
        ManifestObjects before = new();
        foreach (string step in RecordedCases.Steps(name))
        {
            ManifestObjects after = ModelLoader.ReadObjects(Path.Combine(step, "objects.json"));
            ApplyDifference(before, after, state);
            Node? node = after.Nodes.GetValueOrDefault(recordedNode.Name);
            NodeSettings Resolve(IpFamily family) => NodeSettings.Resolve(family, settings, node, [.. recordedNode.Addresses], default);
            builder ??= new RuleModelBuilder(state, Resolve(IpFamily.IPv4), Resolve(IpFamily.IPv6));
            RuleModelChange change = builder.Update(state.TakeChanges(), Resolve(IpFamily.IPv4), Resolve(IpFamily.IPv6));
            yield return (step, change, Scratch(after, Resolve(IpFamily.IPv4), Resolve(IpFamily.IPv6)));
            before = after;
        }
    }

    private static void ApplyDifference(ManifestObjects before, ManifestObjects after, ClusterState state)
    {
        foreach (NamespacedName gone in before.Services.Keys.Except(after.Services.Keys))
        {
            state.RemoveService(gone);
        }

        foreach (NamespacedName gone in before.EndpointSlices.Keys.Except(after.EndpointSlices.Keys))
        {
            state.RemoveSlice(gone);
        }

        foreach (Service service in after.Services.Values)
        {
            state.Set(service, []);
        }

        foreach (EndpointSlice slice in after.EndpointSlices.Values)
        {
            state.Set(slice);
        }
    }

    private static RuleModelSnapshot Scratch(ManifestObjects objects, NodeSettings ipv4, NodeSettings ipv6)
    {
        ClusterState state = new(allowExternalIPs: true);
        ApplyDifference(new ManifestObjects(), objects, state);
        return RuleModelBuilder.Build(state, ipv4, ipv6);
    }
}
