using System.IO.Compression;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Kubernetes.Wire;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

/// <summary>A real server's answers say the same in protobuf, in JSON and to the manifest reader.</summary>
public sealed class RecordedStreamTests
{
    private static readonly ApiResource<Node> s_nodes = ApiResources.Node("node-a");

    [Fact]
    public async Task ListsAreEqualInBothFormats()
    {
        int items = await CompareFormats(ApiResources.Services, "services", "list", isWatch: false)
            + await CompareFormats(ApiResources.Services, "services", "page", isWatch: false)
            + await CompareFormats(ApiResources.EndpointSlices, "endpointslices", "list", isWatch: false)
            + await CompareFormats(ApiResources.EndpointSlices, "endpointslices", "page", isWatch: false)
            + await CompareFormats(s_nodes, "nodes", "list", isWatch: false)
            + await CompareFormats(ApiResources.ServiceCidrs, "servicecidrs", "list", isWatch: false);

        items.Should().BeGreaterThan(80);
    }

    [Fact]
    public async Task WatchesAreEqualInBothFormats()
    {
        // The two watches ran at the same time and saw the same changes; a bookmark may have come once more in one of them.
        int events = await CompareFormats(ApiResources.Services, "services", "watch", isWatch: true)
            + await CompareFormats(ApiResources.EndpointSlices, "endpointslices", "watch", isWatch: true)
            + await CompareFormats(s_nodes, "nodes", "watch", isWatch: true)
            + await CompareFormats(ApiResources.ServiceCidrs, "servicecidrs", "watch", isWatch: true);

        events.Should().BeGreaterThan(60);
    }

    [Fact]
    public async Task ListsAreWhatTheManifestReaderMakesOfTheSameBody()
    {
        foreach (string name in new[] { "services/list", "gzip/list-identity" })
        {
            ManifestObjects objects = Manifest(name + ".json");
            List<Service> services = Values(await Streams.Read(ApiResources.Services, name + ".json", isWatch: false));
            services.Should().Equal(services.Select(service => objects.Services[service.Name])).And.HaveCount(objects.Services.Count);
        }

        ManifestObjects slices = Manifest("endpointslices/list.json");
        Values(await Streams.Read(ApiResources.EndpointSlices, "endpointslices/list.pb", isWatch: false))
            .Should().BeEquivalentTo(slices.EndpointSlices.Values, options => options.ComparingByValue<EndpointSlice>());
        ManifestObjects nodes = Manifest("nodes/list.json");
        Values(await Streams.Read(s_nodes, "nodes/list.pb", isWatch: false))
            .Should().BeEquivalentTo(nodes.Nodes.Values, options => options.ComparingByValue<Node>());
        ManifestObjects cidrs = Manifest("servicecidrs/list.json");
        Values(await Streams.Read(ApiResources.ServiceCidrs, "servicecidrs/list.pb", isWatch: false))
            .Should().BeEquivalentTo(cidrs.ServiceCidrs.Values, options => options.ComparingByValue<ServiceCidr>());
    }

    [Fact]
    public async Task ALongCompressedListIsEqualInBothFormats()
    {
        byte[] protobuf = Unzip(RecordedBodies.Body("gzip/list-gzip.pb"));

        List<Service> services = Values(await Streams.Read(ApiResources.Services, protobuf, WireFormat.Protobuf, isWatch: false, piece: 4096));

        services.Should().HaveCount(410)
            .And.Equal(Values(await Streams.Read(ApiResources.Services, "gzip/list-identity.json", isWatch: false, piece: 1000)));
    }

    [Theory]
    [InlineData("endpointslices/list.pb", false)]
    [InlineData("endpointslices/list.json", false)]
    [InlineData("endpointslices/watchlist.pb", true)]
    [InlineData("endpointslices/watchlist.json", true)]
    public async Task BodiesMayArriveByteByByte(string name, bool isWatch)
    {
        List<ResourceEvent<EndpointSlice>> dripped = await Streams.Read(ApiResources.EndpointSlices, name, isWatch, piece: 1);

        dripped.Should().Equal(await Streams.Read(ApiResources.EndpointSlices, name, isWatch)).And.NotBeEmpty();
    }

    [Fact]
    public async Task AStreamingListHasItsMarkerAndTheVersionOfTheSet()
    {
        List<ResourceEvent<Service>> events = await Streams.Read(ApiResources.Services, "services/watchlist.pb", isWatch: true);

        int marker = events.FindIndex(item => item.EndsListing);
        events.Take(marker).Should().OnlyContain(item => item.Type == ResourceEventType.Put);
        events[marker].ResourceVersion.Should().Be("114");
        events.Skip(marker).Should().Contain(item => item.Type == ResourceEventType.Deleted);
    }

    [Fact]
    public async Task PagesCarryTheTokenOfTheNextOne()
    {
        List<ResourceEvent<Service>> first = await Streams.Read(ApiResources.Services, "services/page-1.pb", isWatch: false);
        List<ResourceEvent<Service>> last = await Streams.Read(ApiResources.Services, "services/page-3.pb", isWatch: false);

        first[^1].Continue.Should().StartWith("eyJ2IjoibWV0YS5rOHMuaW8vdjEi");
        last[^1].Continue.Should().BeEmpty();
        last[^1].ResourceVersion.Should().Be(first[^1].ResourceVersion).And.Be("114");
    }

    [Fact]
    public async Task AnExpiredWatchIsAnErrorEvent()
    {
        foreach (string format in new[] { ".pb", ".json" })
        {
            ResourceEvent<Service> only = (await Streams.Read(ApiResources.Services, "errors/410-watch-expired" + format, isWatch: true)).Single();

            only.Type.Should().Be(ResourceEventType.Error);
            only.Status!.IsExpired.Should().BeTrue();
            only.Status.Code.Should().Be(410);
        }
    }

    private static async Task<int> CompareFormats<T>(ApiResource<T> resource, string folder, string prefix, bool isWatch)
        where T : class
    {
        int count = 0;
        foreach (string name in RecordedBodies.Pairs(folder, prefix).Where(name => isWatch || !name.Contains("watch", StringComparison.Ordinal)))
        {
            List<ResourceEvent<T>> protobuf = await Streams.Read(resource, name + ".pb", isWatch);
            List<ResourceEvent<T>> json = await Streams.Read(resource, name + ".json", isWatch);

            protobuf.Distinct().Should().Equal(json.Distinct(), $"{name} was recorded in both formats");
            protobuf.Should().NotContain(item => item.Type == ResourceEventType.Unusable);
            count += protobuf.Count;
        }

        return count;
    }

    private static List<T> Values<T>(List<ResourceEvent<T>> events)
        where T : class => [.. events.Where(item => item.Value is not null).Select(item => item.Value!)];

    private static ManifestObjects Manifest(string name)
    {
        ManifestReader reader = new();
        using MemoryStream stream = new(RecordedBodies.Body(name));
        reader.Read(name, stream);
        return reader.Objects;
    }

    private static byte[] Unzip(byte[] content)
    {
        using GZipStream gzip = new(new MemoryStream(content), CompressionMode.Decompress);
        using MemoryStream plain = new();
        gzip.CopyTo(plain);
        return plain.ToArray();
    }
}
