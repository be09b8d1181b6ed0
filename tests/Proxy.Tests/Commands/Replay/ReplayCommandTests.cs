using System.Text.Json;
using System.Text.Json.Nodes;
using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.Proxy.Commands.Replay;
using KubeProxySharp.Proxy.Tests.Agent.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Replay;

public sealed class ReplayCommandTests
{
    private const int Syncs = 40;

    /// <summary>Whatever happens in whatever order, a replay gives the same rules, and each update leads to them.</summary>
    [Theory]
    [InlineData("nftables", 1)]
    [InlineData("nftables", 2)]
    [InlineData("nftables", 3)]
    [InlineData("iptables", 4)]
    [InlineData("iptables", 5)]
    [InlineData("iptables", 6)]
    public async Task AReplayGivesTheSameRules(string mode, int seed)
    {
        await using RecordingUnderTest recording = new(mode, SettingsOf(seed));
        RecordedRun run = await RecordAsync(recording, seed);
        await recording.FinishAsync();

        recording.Replay().Should().Be(0, recording.Report);
        recording.Output.Should().Contain("the same rules").And.Contain("update of ").And.Contain("because the agent stopped");
        int last = (await File.ReadAllLinesAsync(recording.Path)).Count(static line => line.Contains("\"kind\":\"Sync\"", StringComparison.Ordinal)); // those without a change are left out
        recording.Replay(new ReplayOptions { Path = recording.Path, Until = last, Shown = ReplayedText.AllRules });
        recording.Output.Should().Be($"# IPv4\n{UpdateCheck.FullText(run.Current.IPv4, mode)}# IPv6\n{UpdateCheck.FullText(run.Current.IPv6, mode)}");
    }

    /// <summary>An object that is not the one of the recording makes other rules.</summary>
    [Theory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public async Task ASpoiltEventIsFound(string mode)
    {
        await using RecordingUnderTest recording = new(mode, Nodes.Proxy);
        await RecordSmallAsync(recording);
        string[] lines = await File.ReadAllLinesAsync(recording.Path);
        int spoilt = Array.FindIndex(lines, static line => line.Contains("10.244.1.6", StringComparison.Ordinal));
        lines[spoilt] = lines[spoilt].Replace("10.244.1.6", "10.244.1.7", StringComparison.Ordinal);
        await File.WriteAllLinesAsync(recording.Path, lines);

        recording.Replay().Should().Be(2);
        recording.Output.Should().Contain("sync 2, IPv4: the rules have another digest").And.Contain("1 sync DIFFERS").And.NotContain("sync 1,");
        recording.Replay(new ReplayOptions { Path = recording.Path, Until = 1 }).Should().Be(0, "the first sync is sound");
        recording.Replay(new ReplayOptions { Path = recording.Path, IsJson = true }).Should().Be(2);
        using JsonDocument report = JsonDocument.Parse(recording.Output);
        report.RootElement.GetProperty("syncs")[1].GetProperty("families")[0].GetProperty("digest").GetString().Should().Be("differs");
        report.RootElement.GetProperty("sound").GetBoolean().Should().BeFalse();
    }

    /// <summary>An agent that is killed leaves half a line, at any byte of it.</summary>
    [Fact]
    public async Task ACutRecordingIsReadUpToThere()
    {
        await using RecordingUnderTest recording = new("nftables", Nodes.Proxy);
        await RecordSmallAsync(recording);
        byte[] content = await File.ReadAllBytesAsync(recording.Path);
        int lastSync = content.AsSpan().LastIndexOf("\"kind\":\"Sync\""u8);
        for (int length = lastSync; length > lastSync - 200; length -= 7)
        {
            await File.WriteAllBytesAsync(recording.Path, content[..length]);

            recording.Replay().Should().Be(0, recording.Report);
            recording.Errors.Should().Contain("cut off in the middle of a line");
            recording.Output.Should().Contain("1 sync, 1 with digests").And.NotContain("ends because");
        }
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("{\"kind\":\"List\",\"apiVersion\":\"v1\"}\n", "line 1: apiVersion \"v1\" is not recording.kubeproxysharp.io/v1")]
    [InlineData("not json\n", "line 1: is not JSON")]
    [InlineData("-P INPUT ACCEPT", "line 1: is not a line of a recording")]
    [InlineData("{\"apiVersion\":\"recording.kubeproxysharp.io/v1\",\"kind\":\"Sync\",\"number\":1,\"time\":\"2026-01-01T00:00:00Z\"}\n", "line 1: a recording begins with an entry of kind Recording")]
    [InlineData("{\"apiVersion\":\"recording.kubeproxysharp.io/v1\",\"kind\":\"Future\"}\n", "line 1: kind \"Future\" is not known")]
    [InlineData("{\"apiVersion\":\"recording.kubeproxysharp.io/v1\",\"kind\":7}\n", "line 1: kind is not a text")]
    [InlineData("{\"apiVersion\":\"\\ud800\"}\n", "line 1: has a text that is not Unicode")]
    public async Task WhatIsNoRecordingIsRefused(string content, string error)
    {
        await using RecordingUnderTest recording = new("nftables", Nodes.Proxy);
        await recording.FinishAsync();
        await File.WriteAllTextAsync(recording.Path, content);

        recording.Replay().Should().Be(1);
        recording.Errors.Should().Contain(error).And.StartWith($"error: {recording.Path}");
    }

    /// <summary>A recording that somebody changed by hand is refused, or makes other rules; it never ends in an exception.</summary>
    [Theory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public async Task NoDamageIsACrash(string mode)
    {
        await using RecordingUnderTest recording = new(mode, SettingsOf(2));
        await RecordSmallAsync(recording);
        string[] lines = await File.ReadAllLinesAsync(recording.Path);
        Random random = new(11);
        JsonNode?[] wrong = [null, 7, -1, 1e99, "", "x", "a\nb \"c", true, new JsonArray(1), new JsonObject { ["x"] = 1 }, new JsonArray("fd00::1", "fd00::1")];
        int[] codes = new int[3];
        for (int round = 0; round < 400; round++)
        {
            string[] damaged = [.. lines];
            int line = random.Next(lines.Length);
            JsonNode root = JsonNode.Parse(lines[line])!;
            Damage(root, random, wrong[random.Next(wrong.Length)]?.DeepClone());
            damaged[line] = root.ToJsonString();
            await File.WriteAllLinesAsync(recording.Path, damaged);

            codes[recording.Replay()]++;
        }

        codes[1].Should().BePositive();
        codes[2].Should().BePositive();
    }

    /// <summary>Replaces a value somewhere in a document.</summary>
    private static void Damage(JsonNode node, Random random, JsonNode? value)
    {
        while (true)
        {
            if (node is JsonObject { Count: > 0 } fields)
            {
                string name = fields.ElementAt(random.Next(fields.Count)).Key;
                if (fields[name] is not (JsonObject or JsonArray) || random.Next(4) == 0)
                {
                    fields[name] = value;
                    return;
                }

                node = fields[name]!;
            }
            else if (node is JsonArray { Count: > 0 } items)
            {
                int index = random.Next(items.Count);
                if (items[index] is not (JsonObject or JsonArray) || random.Next(4) == 0)
                {
                    items[index] = value;
                    return;
                }

                node = items[index]!;
            }
            else
            {
                return; // empty: nothing to damage
            }
        }
    }

    [Fact]
    public async Task AStepIsTheUpdateThatTheAgentWrites()
    {
        await using RecordingUnderTest recording = new("nftables", Nodes.Proxy);
        await RecordSmallAsync(recording);

        recording.Replay(new ReplayOptions { Path = recording.Path, Until = 2, Shown = ReplayedText.Update }).Should().Be(0);
        recording.Output.Should().Contain("add element ip kube-proxy tcp-endpoints { 10.96.0.10 . 80 . 1 : 10.244.1.6 . 8080 }").And.NotContain("add table");
        recording.Output.Should().EndWith("# IPv6\n", "nothing changed there");
        recording.Replay(new ReplayOptions { Path = recording.Path, Until = 1, Shown = ReplayedText.Update }).Should().Be(0);
        recording.Output.Should().Contain("add table", "the first rules are written as a whole");
        recording.Replay(new ReplayOptions { Path = recording.Path, Until = 9 }).Should().Be(1);
        recording.Errors.Should().Contain("has no sync 9; the last one is 2");
    }

    /// <summary>What is printed for a sync is what the report says of it: after an error the agent writes everything.</summary>
    [Theory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public async Task AStepIsWhatTheReportSays(string mode)
    {
        await using RecordingUnderTest recording = new(mode, Nodes.Proxy);
        await RecordSmallAsync(recording);
        string[] lines = await File.ReadAllLinesAsync(recording.Path);
        int second = Array.FindLastIndex(lines, static line => line.Contains("\"kind\":\"Sync\"", StringComparison.Ordinal));
        lines[second] = lines[second].Replace("\"number\":2,", "\"number\":2,\"fromScratch\":true,", StringComparison.Ordinal);
        await File.WriteAllLinesAsync(recording.Path, lines);

        recording.Replay(new ReplayOptions { Path = recording.Path, IsJson = true }).Should().Be(0, recording.Errors);
        using JsonDocument report = JsonDocument.Parse(recording.Output);
        report.RootElement.GetProperty("syncs")[1].GetProperty("families").EnumerateArray().Select(static family => family.GetProperty("written").GetString()).Should().Equal("full", "full");
        recording.Replay(new ReplayOptions { Path = recording.Path, Until = 2, Shown = ReplayedText.AllRules });
        string all = recording.Output;
        recording.Replay(new ReplayOptions { Path = recording.Path, Until = 2, Shown = ReplayedText.Update });
        recording.Output.Should().Be(all);
    }

    /// <summary>A recording is a watch dump with objects of unknown kinds between: what reads manifests takes it as the cluster at its end.</summary>
    [Fact]
    public async Task ARecordingIsAlsoManifests()
    {
        await using RecordingUnderTest recording = new("iptables", Nodes.Proxy);
        await RecordSmallAsync(recording);

        KubeProxySharp.Kubernetes.Manifests.ManifestObjects objects = ModelLoader.ReadObjects(recording.Path);
        objects.Services.Values.Should().Equal(Samples.Service with { IpFamilies = ["IPv4"] });
        objects.EndpointSlices.Values.Should().ContainSingle().Which.Endpoints.Length.Should().Be(2);
        objects.Nodes.Should().ContainKey(RandomCluster.NodeName);
    }

    /// <summary>Everything that rules depend on is read back as it was, and nothing else is written.</summary>
    [Fact]
    public void ObjectsAreReadBackAsTheyWere()
    {
        RandomCluster cluster = new(7);
        EntryJsonWriter writer = new();
        for (int change = 0; change < 300; change++)
        {
            (Service? service, EndpointSlice? slice, NamespacedName name, bool isService) = cluster.Change();
            RecordedEntry entry = isService ? new RecordedService(name, service) : new RecordedSlice(name, slice);
            ReadBack(entry).Should().Be(entry);
        }

        Service odd = Samples.LoadBalancer with
        {
            IsForOtherProxy = true,
            ClusterIP = "010.96.0.1",
            Ports = [new ServicePort { Port = -1, Protocol = "tcp\u2028\"" }],
            InternalTrafficPolicy = null,
            SessionAffinityTimeoutSeconds = 0,
            ExternalTrafficPolicy = "",
            LoadBalancerIngress = [new LoadBalancerIngress { Ip = "", IpMode = "Proxy" }, new LoadBalancerIngress { Ip = "192.0.2.1", IpMode = "" }],
        };
        Service empty = odd with { ClusterIP = "", InternalTrafficPolicy = "" };
        SliceEndpoint nowhere = Samples.Endpoint("10.244.1.5") with { NodeName = "" };
        EndpointSlice withoutNodes = Samples.Slice(nowhere, nowhere with { NodeName = null });
        EndpointSlice slice2 = Samples.Slice() with { Ports = [new SlicePort(null, TransportProtocol.Sctp, 0)], AddressType = AddressType.Other, IsHeadless = true, ServiceName = "" };
        RecordedEntry[] others =
        [
            new RecordedService(odd.Name, odd), new RecordedSlice(slice2.Name, slice2), new RecordedService(empty.Name, empty), new RecordedSlice(withoutNodes.Name, withoutNodes),
            new Proxy.Agent.Recording.RecordedNode(Nodes.NodeA), new Proxy.Agent.Recording.RecordedNode(Nodes.NodeA with { IsLeaving = true }), new RecordedServiceCidr("kubernetes", new ServiceCidr { Name = "kubernetes", Cidrs = ["10.96.0.0/16"] }),
            new RecordedServiceCidr("kubernetes", null), new RecordedEgress(EgressPolicy.Default with { MasqueradesLinkLocal = true }), new RecordedEgress(null), new RecordedAddresses(Nodes.Addresses),
            new RecordedStart(DateTimeOffset.UnixEpoch, "x", "nftables", [IpFamily.IPv4], Nodes.Proxy with { DetectLocalMode = DetectLocalMode.NodeCidr, Egress = EgressPolicy.Default }),
        ];
        Array.ForEach(others, entry => ReadBack(entry).Should().Be(entry));

        RecordedEntry ReadBack(RecordedEntry entry)
        {
            using JsonDocument line = JsonDocument.Parse(writer.Encode(entry).ToArray());
            return EntryJsonReader.Read(line.RootElement);
        }
    }

    private static ProxySettings SettingsOf(int seed) => Nodes.Proxy with { Egress = seed % 2 == 0 ? EgressPolicy.Default : null, MasqueradeAll = seed % 3 == 0 };

    private static async Task<RecordedRun> RecordAsync(RecordingUnderTest recording, int seed)
    {
        RecordedRun run = new(recording.Recorder, SettingsOf(seed));
        RandomCluster cluster = new(seed);
        Random random = new(seed);
        run.Feed.Nodes.Put(Nodes.NodeA);
        run.Change(cluster, 30);
        for (int sync = 1; sync <= Syncs; sync++)
        {
            switch (random.Next(12))
            {
                case 0:
                    run.Feed.Nodes.Put(Nodes.NodeA with { Zone = random.Next(2) == 0 ? "zone-b" : "zone-a" });
                    break;
                case 1:
                    run.Addresses = [.. run.Addresses, IpAddress.Parse($"192.0.2.{20 + sync}")];
                    run.Facts.RefreshAddresses();
                    break;
                case 2:
                    run.Feed.ServiceCidrs.Put(new ServiceCidr { Name = "kubernetes", Cidrs = [$"10.{96 + random.Next(3)}.0.0/16"] });
                    break;
                case 3:
                    run.Facts.Egress = random.Next(2) == 0 ? EgressPolicy.Default with { MasqueradesLinkLocal = true } : null;
                    break;
                default:
                    break;
            }

            run.Change(cluster, 1 + random.Next(6));
            run.Sync(isRefused: sync != Syncs && random.Next(6) == 0);
            while (recording.Recorder.WaitingSyncs > 4)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, CancellationToken.None); // so that all have digests
            }
        }

        return run;
    }

    private static async Task RecordSmallAsync(RecordingUnderTest recording)
    {
        RecordedRun run = new(recording.Recorder, Nodes.Proxy);
        run.Feed.Nodes.Put(Nodes.NodeA);
        run.Feed.Services.Put(Samples.Service);
        run.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint("10.244.1.5")));
        run.Sync();
        run.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint("10.244.1.5"), Samples.Endpoint("10.244.1.6")));
        run.Sync();
        await recording.FinishAsync();
    }
}
