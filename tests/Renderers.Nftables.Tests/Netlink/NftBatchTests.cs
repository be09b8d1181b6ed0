using System.Buffers;
using System.Text;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Netlink;

/// <summary>The messages of a transaction. That the kernel takes them, and makes of them what it makes of the text, is tested in tests/Node.Tests.</summary>
public sealed class NftBatchTests
{
    /// <summary>Everything that the layout has, once: affinity, source ranges, an endpoint of this node, refusals, several service CIDRs.</summary>
    [Trait("Category", "OwnGolden")]
    [Theory]
    [InlineData(IpFamily.IPv4, "full.ipv4.golden")]
    [InlineData(IpFamily.IPv6, "full.ipv6.golden")]
    public void MessagesAreAsWrittenDown(IpFamily family, string file)
    {
        NftBatch batch = new();
        NftablesRenderer.WriteFull(SmallCluster.Model[family], NftablesOptions.Default, batch, generation: 7);

        CompareGolden(file, Describe(batch.Messages));
    }

    [Trait("Category", "OwnGolden")]
    [Fact]
    public void MessagesOfAnUpdateAreAsWrittenDown()
    {
        NftBatch batch = new();
        NftablesRenderer.WriteUpdate(RuleModelBuilder.Compare(SmallCluster.Model, SmallCluster.Changed).IPv4, NftablesOptions.Default, batch);

        CompareGolden("update.ipv4.golden", Describe(batch.Messages));
    }

    [Trait("Category", "OwnGolden")]
    [Fact]
    public void MessagesOfAReplacementAreAsWrittenDown()
    {
        NftBatch batch = new();
        NftTableContent existing = new(["nat-output"], ["endpoint-old"], ["cluster-ips", "affinity-old"], ["service-ips"]);
        NftablesRenderer.WriteReplacement(Samples.Model([], []).IPv4, existing, NftablesOptions.Default, batch);

        CompareGolden("replacement.ipv4.golden", Describe(batch.Messages));
    }

    [Fact]
    public void NothingIsWrittenWhenNothingChanged()
    {
        NftBatch batch = new();
        NftablesRenderer.WriteFull(SmallCluster.Model.IPv4, NftablesOptions.Default, batch);
        batch.IsEmpty.Should().BeFalse();

        NftablesRenderer.WriteUpdate(RuleModelBuilder.Compare(SmallCluster.Model, SmallCluster.Model).IPv4, NftablesOptions.Default, batch);

        batch.IsEmpty.Should().BeTrue();
        Describe(batch.Messages).Should().Be("NFNL_MSG_BATCH_BEGIN seq 1\nNFNL_MSG_BATCH_END seq 2\n");
    }

    /// <summary>The kernel names a message that it refuses by its number.</summary>
    [Fact]
    public void EachMessageHasANumberOfItsOwn()
    {
        NftBatch batch = new();
        NftablesRenderer.WriteFull(SmallCluster.Model.IPv4, NftablesOptions.Default, batch);

        HashSet<uint> numbers = [];
        MessageReader reader = new(batch.Messages);
        while (reader.TryRead(out NetlinkMessage message))
        {
            numbers.Add(message.Sequence).Should().BeTrue();
        }

        numbers.Should().HaveCount(batch.Count + 2);
        numbers.Min().Should().Be(NftBatch.FirstSequence);
    }

    /// <summary>The length of an attribute has 16 bits.</summary>
    [Theory]
    [InlineData(300, 40)]
    [InlineData(12_000, 1)]
    public void ElementsFillSeveralMessages(int services, int endpoints)
    {
        FamilyRules rules = UniformCluster.Build(services, endpoints).Builder.Current.IPv4;
        NftBatch batch = new();
        NftablesRenderer.WriteFull(rules, NftablesOptions.Default, batch);

        int elements = 0;
        int longest = 0;
        MessageReader reader = new(batch.Messages);
        while (reader.TryRead(out NetlinkMessage message))
        {
            if (message.Type != ((NftNumbers.Subsystem << 8) | NftNumbers.Message.NewSetElem))
            {
                continue;
            }

            AttributeReader attributes = message.Attributes;
            attributes.TryFind(NftNumbers.ElementListAttribute.Elements).Should().BeTrue();
            longest = Math.Max(longest, attributes.Value.Length);
            AttributeReader list = attributes.Nested;
            while (list.Read())
            {
                elements++;
            }
        }

        int inText = Render.Full(rules).Where(line => line.StartsWith("add element", StringComparison.Ordinal)).Sum(line => line.Split(", ").Length);
        elements.Should().Be(inText).And.BeGreaterThan(10_000);
        longest.Should().BeInRange(60_000, 65_531);
    }

    [Fact]
    public void RenderingAllocatesNoObjectPerElement()
    {
        FamilyRules rules = UniformCluster.Build(500, 20).Builder.Current.IPv4;
        NftBatch batch = new();
        NftablesRenderer.WriteFull(rules, NftablesOptions.Default, batch);

        long before = GC.GetAllocatedBytesForCurrentThread();
        NftablesRenderer.WriteFull(rules, NftablesOptions.Default, batch);
        long perElement = (GC.GetAllocatedBytesForCurrentThread() - before) / (500 * 20);

        perElement.Should().BeLessThan(8);
    }

    /// <summary>Names of objects may have 255 bytes, comments 127: elements with the longest of both fit into a message.</summary>
    [Fact]
    public void TheLongestElementsFit()
    {
        ClusterState state = new(allowExternalIPs: true);
        for (int number = 0; number < 400; number++)
        {
            state.Set(
                Samples.Service with
                {
                    Name = new(new string('n', 63), $"{number:d3}{new string('s', 60)}"),
                    ClusterIP = $"10.96.{number / 200}.{number % 200}",
                    ClusterIPs = [$"10.96.{number / 200}.{number % 200}"],
                    Ports = [.. Enumerable.Range(1, 5).Select(port => new ServicePort { Name = new string('p', 60) + port, Port = port })],
                },
                []);
        }

        NftBatch batch = new();
        NftablesRenderer.WriteFull(RuleModelBuilder.Build(state, Nodes.IPv4, Nodes.IPv6).IPv4, NftablesOptions.Default, batch);

        string text = Describe(batch.Messages);
        text.Split("NFTA_SET_ELEM_USERDATA").Should().HaveCount(2001);
        text.Split('\n').Where(line => line.Contains("NFT_MSG_NEWSETELEM")).Should().HaveCountGreaterThan(5);
    }

    /// <summary>What the reader of messages cannot read, it says; it never fails in another way.</summary>
    [Fact]
    public void AnyBytesAreDescribedOrCalledUnreadable()
    {
        NftBatch batch = new();
        NftablesRenderer.WriteFull(SmallCluster.Model.IPv4, NftablesOptions.Default, batch);
        byte[] whole = batch.Messages.ToArray();
        Random random = new(14);
        for (int round = 0; round < 600; round++)
        {
            byte[] bytes = whole.AsSpan(0, random.Next(whole.Length)).ToArray();
            for (int changes = random.Next(4); changes > 0 && bytes.Length != 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                Describe(bytes).Should().NotContain("\0");
            }
            catch (NetlinkException e)
            {
                e.Failure.Should().Be(NetlinkFailure.MalformedMessage);
            }
        }
    }

    private static string Describe(ReadOnlySpan<byte> messages)
    {
        ArrayBufferWriter<byte> output = new();
        NftBatchText.Write(messages, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static void CompareGolden(string file, string actual)
    {
        string path = RepositoryRoot.Combine("tests", "Renderers.Nftables.Tests", "Netlink", file);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, actual);
            return;
        }

        string expected = File.ReadAllText(path);
        (actual == expected).Should().BeTrue(
            $"the messages of {file} changed; ./test.sh --update-golden rewrites it\n{TextDiff.Describe(expected.Split('\n'), actual.Split('\n'))}");
    }

    private static class SmallCluster
    {
        public static RuleModelSnapshot Model { get; } = Build("10.244.1.5", "fd00:244::5");

        public static RuleModelSnapshot Changed { get; } = Build("10.244.1.6", "fd00:244::6");

        private static RuleModelSnapshot Build(string endpoint, string endpointIPv6)
        {
            ClusterState state = new(allowExternalIPs: true);
            Service plain = Samples.LoadBalancer with
            {
                ClusterIPs = ["10.96.0.10", "fd00:96::10"],
                IpFamilies = ["IPv4", "IPv6"],
                LoadBalancerIngress = [new LoadBalancerIngress { Ip = "198.51.100.7" }, new LoadBalancerIngress { Ip = "2001:db8:1::7" }],
                LoadBalancerSourceRanges = ["192.0.2.0/24", "2001:db8:2::/64"],
                ExternalTrafficPolicy = "Local",
            };
            state.Set(plain, []);
            state.Set(Slice(plain, AddressType.IPv4, endpoint));
            state.Set(Slice(plain, AddressType.IPv6, endpointIPv6));
            Service sticky = plain with
            {
                Name = new("shop", "sticky"),
                ClusterIP = "10.96.0.11",
                ClusterIPs = ["10.96.0.11", "fd00:96::11"],
                Type = "ClusterIP",
                Ports = [new ServicePort { Name = "http", Port = 80 }],
                LoadBalancerIngress = [],
                LoadBalancerSourceRanges = [],
                ExternalIPs = [],
                SessionAffinity = "ClientIP",
            };
            state.Set(sticky, []);
            state.Set(Slice(sticky, AddressType.IPv4, "10.244.1.5", "10.244.1.6"));
            state.Set(Slice(sticky, AddressType.IPv6, "fd00:244::5", "fd00:244::6"));
            state.Set(sticky with { Name = new("shop", "idle"), ClusterIP = "10.96.0.12", ClusterIPs = ["10.96.0.12", "fd00:96::12"], SessionAffinity = "None" }, []);
            NodeSettings ipv4 = Nodes.IPv4 with { ServiceCidrs = [IpPrefix.Parse("10.96.0.0/13"), IpPrefix.Parse("10.104.0.0/13"), IpPrefix.Parse("240.0.0.0/4")] };
            NodeSettings ipv6 = Nodes.IPv6 with { ServiceCidrs = [IpPrefix.Parse("fd00:97::/112"), IpPrefix.Parse("fd00:96::/112")] };
            return RuleModelBuilder.Build(state, ipv4, ipv6);
        }

        private static EndpointSlice Slice(Service service, AddressType type, params string[] addresses) => Samples.Slice() with
        {
            Name = new("shop", $"{service.Name.Name}-{type}"),
            ServiceName = service.Name.Name,
            AddressType = type,
            Endpoints = [.. addresses.Select(address => Samples.Endpoint(address, "ready local"))],
        };
    }
}
