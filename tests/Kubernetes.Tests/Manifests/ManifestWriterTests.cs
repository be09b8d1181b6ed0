using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Kubernetes.Tests.Manifests;

/// <summary>Objects that are written and read again are the same.</summary>
public sealed class ManifestWriterTests
{
    public static TheoryData<string> Cases => [.. RecordedCases.Cases];

    [Theory]
    [MemberData(nameof(Cases))]
    public void RecordedObjectsAreReadBack(string name)
    {
        ManifestReader reader = new();
        ManifestFiles.Read([Path.Combine(RecordedCases.CaseDirectory(name), "objects.json")], isRecursive: false, static () => Stream.Null, reader);

        SameAfterwards(reader.Objects);
    }

    [Fact]
    public void RandomObjectsAreReadBack()
    {
        RandomCluster random = new(seed: 7);
        for (int change = 0; change < 300; change++)
        {
            random.Change();
        }

        ManifestObjects objects = new();
        foreach (Service service in random.Services)
        {
            objects.Services[service.Name] = service;
        }

        foreach (EndpointSlice slice in random.Slices)
        {
            objects.EndpointSlices[slice.Name] = slice;
        }

        objects.Services[new("shop", "other")] = random.NewService(new("shop", "other")) with { IsForOtherProxy = true, SessionAffinityTimeoutSeconds = 77 };
        objects.Nodes["a"] = new() { Name = "a", Zone = "z", PodCidrs = ["10.244.0.0/24"], Addresses = [new("InternalIP", "192.0.2.1"), new("Hostname", "a")], IsLeaving = true };
        objects.Pods[new("shop", "p")] = new() { Name = new("shop", "p"), Addresses = ["10.244.0.2"], NodeName = "a", IsHostNetwork = true, HasEnded = true };
        objects.ServiceCidrs["kubernetes"] = new() { Name = "kubernetes", Cidrs = ["10.96.0.0/16", "fd00::/112"] };

        SameAfterwards(objects);
    }

    private static void SameAfterwards(ManifestObjects objects)
    {
        using MemoryStream json = new();
        ManifestWriter.Write(objects, json);
        ManifestReader reader = new();
        json.Position = 0;
        reader.Read("written", json);

        reader.Messages.Where(static message => message.Severity == ManifestSeverity.Error).Should().BeEmpty();
        reader.Objects.Services.Should().Equal(objects.Services);
        reader.Objects.Nodes.Should().Equal(objects.Nodes);
        reader.Objects.Pods.Should().Equal(objects.Pods);
        reader.Objects.ServiceCidrs.Should().Equal(objects.ServiceCidrs);
        reader.Objects.EndpointSlices.Values.Should().Equal(objects.EndpointSlices.Values.OrderBy(static slice => slice.Name).Select(static slice => slice with { LastChangeTriggerTime = null, Problems = default }));
    }
}
