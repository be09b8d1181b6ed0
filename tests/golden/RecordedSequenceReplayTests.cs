using System.Text;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Commands.Replay;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>The recorded sequences of kube-proxy's objects, written as a recording of the agent and replayed.</summary>
public sealed class RecordedSequenceReplayTests
{
    public static TheoryData<string, string> Sequences()
    {
        TheoryData<string, string> data = [];
        foreach (string name in RecordedCases.Sequences)
        {
            data.Add(name, "iptables");
            data.Add(name, "nftables");
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Sequences))]
    public async Task AReplayGivesTheSameRules(string name, string mode)
    {
        string directory = RecordedCases.SequenceDirectory(name);
        KubeProxySharp.Testing.RecordedNode node = KubeProxySharp.Testing.RecordedNode.Read(directory);
        ProxySettings settings = ModelLoader.Settings(directory, mode);
        using MemoryStream recording = new();
        EntryJsonWriter writer = new();
        Write(new RecordedStart(DateTimeOffset.UnixEpoch, "test", mode, [IpFamily.IPv4, IpFamily.IPv6], settings));
        Write(new RecordedAddresses([.. node.Addresses]));
        ManifestObjects before = new();
        int number = 0;
        foreach (string step in RecordedCases.Steps(name))
        {
            ManifestObjects after = ModelLoader.ReadObjects(Path.Combine(step, "objects.json"));
            foreach (RecordedEntry entry in Events(before, after, node.Name))
            {
                Write(entry);
            }

            // Of a model that is built from the objects of the step alone, but for the order of endpoints, which iptables does not keep.
            RuleModelSnapshot rules = Build(after, node, settings);
            RecordedDigest[] digests = mode == "iptables" ? [RenderedText.Digest(rules.IPv4, mode), RenderedText.Digest(rules.IPv6, mode)] : [];
            Write(new RecordedSync(++number, DateTimeOffset.UnixEpoch, IsFromScratch: false, [.. digests]));
            before = after;
        }

        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, recording.ToArray());
            using MemoryStream output = new();
            CommandStreams streams = new(static () => Stream.Null, () => output, TextWriter.Null, IsOutputOnTerminal: false, AreErrorsOnTerminal: false);

            int code = await new ReplayCommand(streams, TimeProvider.System).RunAsync(new ReplayOptions { Path = path });

            code.Should().Be(0, Encoding.UTF8.GetString(output.ToArray()));
        }
        finally
        {
            File.Delete(path);
        }

        void Write(RecordedEntry entry) => recording.Write(writer.Encode(entry));
    }

    private static IEnumerable<RecordedEntry> Events(ManifestObjects before, ManifestObjects after, string nodeName)
    {
        foreach (NamespacedName gone in before.Services.Keys.Except(after.Services.Keys))
        {
            yield return new RecordedService(gone, null);
        }

        foreach (NamespacedName gone in before.EndpointSlices.Keys.Except(after.EndpointSlices.Keys))
        {
            yield return new RecordedSlice(gone, null);
        }

        foreach (Service service in after.Services.Values.Where(service => before.Services.GetValueOrDefault(service.Name) != service))
        {
            yield return new RecordedService(service.Name, service);
        }

        foreach (EndpointSlice slice in after.EndpointSlices.Values.Where(slice => before.EndpointSlices.GetValueOrDefault(slice.Name) != slice))
        {
            yield return new RecordedSlice(slice.Name, slice);
        }

        foreach (ServiceCidr cidr in after.ServiceCidrs.Values)
        {
            yield return new RecordedServiceCidr(cidr.Name, cidr);
        }

        if (after.Nodes.GetValueOrDefault(nodeName) is { } node && before.Nodes.GetValueOrDefault(nodeName) != node)
        {
            yield return new KubeProxySharp.Proxy.Agent.Recording.RecordedNode(node);
        }
    }

    private static RuleModelSnapshot Build(ManifestObjects objects, KubeProxySharp.Testing.RecordedNode recorded, ProxySettings settings)
    {
        ClusterFeed feed = new(static () => { }, static _ => { }, static () => { });
        NodeFacts facts = new(settings, () => [.. recorded.Addresses]);
        if (objects.Nodes.GetValueOrDefault(recorded.Name) is { } node)
        {
            feed.Nodes.Put(node);
        }

        foreach (ServiceCidr cidr in objects.ServiceCidrs.Values)
        {
            feed.ServiceCidrs.Put(cidr);
        }

        facts.Take(feed);
        ClusterState state = new(settings.AllowExternalIPs);
        foreach (Service service in objects.Services.Values)
        {
            state.Set(service, []);
        }

        foreach (EndpointSlice slice in objects.EndpointSlices.Values)
        {
            state.Set(slice);
        }

        return RuleModelBuilder.Build(state, facts.Resolve(IpFamily.IPv4), facts.Resolve(IpFamily.IPv6));
    }
}
