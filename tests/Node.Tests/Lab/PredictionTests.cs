using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>
/// What explain says of a packet is what becomes of it: 1,000 random packets on random clusters, through the rules of a
/// running agent. The walk through the rules and the walk through the model must agree on each of them, too.
/// </summary>
[Trait("Category", "Netns")]
public sealed class PredictionTests
{
    private const int Clusters = 4;
    private const int PacketsOfEach = 250;
    private const int AtOnce = 24;

    private static readonly string[] s_places = ["a1", "a2", "a3", "node", "outside", "blocked", "b3"];
    private static readonly string[] s_kinds = ["cluster", "unused", "lb", "unusedlb", "external", "nodeport", "nodeport2", "localhost"];
    private static readonly string[] s_pods = ["a1", "a2", "a3", "b1", "b2", "b3"];

    private static readonly IpAddress[] s_nodeAddresses =
    [
        .. LabPlan.Standard.Node.Concat(LabPlan.Standard.PodGateways).Append("127.0.0.1").Append("::1")
            .Select(address => IpAddress.Parse(address.Split(' ')[0].Split('/')[0])),
    ];

    [SkippableTheory]
    [InlineData("iptables")]
    [InlineData("nftables")]
    public async Task WhatIsSaidOfAPacketIsWhatBecomesOfIt(string mode)
    {
        LabRequirements.RequireOrSkip();
        Random random = new(20261128);
        ConcurrentBag<string> differences = [];
        ConcurrentDictionary<string, int> seen = new(StringComparer.Ordinal);
        using StandardLab lab = new(StandardLab.KnowsPods);
        for (int cluster = 0; cluster < Clusters; cluster++)
        {
            LabService[] services = [.. Enumerable.Range(1, 12).Select(number => RandomService(random, number))];
            string yaml = string.Concat(services.Select(service => service.ToManifest()));
            if (cluster == 0)
            {
                lab.Agent.Put("services.yaml", yaml);
                lab.Agent.Start(mode, mode == "iptables" ? "nft" : "auto");
            }
            else
            {
                int mark = lab.Agent.Mark();
                lab.Agent.Apply("services.yaml", yaml);
                lab.Agent.WaitFor(mark, "] \"Synced IPv6 rules");
            }

            RuleModelSnapshot model = Model(yaml, mode);
            Prophet prophet = new(model, mode);
            List<(string Place, LabService Service, string Kind, bool IsIPv6)> packets =
            [
                .. Enumerable.Range(0, PacketsOfEach * 2)
                    .Select(_ => (s_places[random.Next(s_places.Length)], services[random.Next(services.Length)], s_kinds[random.Next(s_kinds.Length)], random.Next(2) == 0))
                    .Where(packet => prophet.CanBeTried(lab, packet))
                    .Take(PacketsOfEach),
            ];
            packets.Should().HaveCount(PacketsOfEach);
            await Parallel.ForEachAsync(packets, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (packet, _) =>
            {
                SortedSet<string> expected = prophet.Predict(lab, packet);
                string answer = await DialAsync(lab, packet, expected.Contains("dropped"));
                seen.AddOrUpdate(answer.Split(' ')[0], 1, (_, count) => count + 1);
                if (!expected.Contains(answer))
                {
                    differences.Add($"{packet.Place} -> {packet.Kind} of {packet.Service.Name}{(packet.IsIPv6 ? " (IPv6)" : "")}: {answer}; not {string.Join(" or ", expected)}");
                }
            });
        }

        differences.Should().BeEmpty();
        seen.Keys.Should().Contain(["refused", "dropped", "a1", "b1", "node", "second"], "each kind of end must have been tried");
    }

    private static async Task<string> DialAsync(StandardLab lab, (string Place, LabService Service, string Kind, bool IsIPv6) packet, bool mayBeDropped)
    {
        IPEndPoint destination = LabRow.Destination(packet.Kind, packet.Service, packet.IsIPv6);
        ProtocolType protocol = packet.Service.Protocol == "TCP" ? ProtocolType.Tcp : ProtocolType.Udp;
        Answer answer = Answer.Late;

        // A packet that a busy machine lost tells nothing.
        for (int attempt = 0; attempt < 4 && answer.Outcome == Outcome.Late; attempt++)
        {
            answer = await lab.Client(packet.Place, packet.IsIPv6).DialAsync(protocol, destination, mayBeDropped ? LabClient.DropTimeout : LabClient.AnswerTimeout);
        }

        return answer.ToString();
    }

    private static LabService RandomService(Random random, int number)
    {
        bool isOnHosts = random.Next(5) == 0;
        List<LabEndpoint> endpoints = [];
        foreach (string name in isOnHosts ? ["node", "second"] : s_pods)
        {
            if (random.Next(5) < 2)
            {
                endpoints.Add(StandardLab.Endpoint(name) with { IsTerminating = random.Next(5) == 0 });
            }
        }

        List<string> spec = [];
        AddSometimes("\"externalTrafficPolicy\": \"Local\"", 3);
        AddSometimes("\"internalTrafficPolicy\": \"Local\"", 4);
        AddSometimes("\"sessionAffinity\": \"ClientIP\"", 5);
        AddSometimes("""
            "loadBalancerSourceRanges": ["203.0.113.0/25", "10.244.1.0/24", "2001:db8:113::/64", "fd00:10:244:1::/64"]
            """, 4);
        return new($"random-{number}", number)
        {
            Protocol = random.Next(4) == 0 && !isOnHosts ? "UDP" : "TCP",
            Target = isOnHosts ? StandardLab.HostPort : LabService.TargetPort,
            Endpoints = endpoints,
            Spec = string.Join(", ", spec),
        };

        void AddSometimes(string line, int of)
        {
            if (random.Next(of) == 0)
            {
                spec.Add(line);
            }
        }
    }

    private static RuleModelSnapshot Model(string services, string mode)
    {
        ManifestReader reader = new();
        reader.Read("node", new MemoryStream(System.Text.Encoding.UTF8.GetBytes(StandardLab.NodeObject)));
        reader.Read("services", new MemoryStream(System.Text.Encoding.UTF8.GetBytes(services)));
        reader.ErrorCount.Should().Be(0);
        string configuration = Path.GetTempFileName();
        try
        {
            File.WriteAllText(configuration, $"apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: {mode}\n{StandardLab.KnowsPods}");
            return new ClusterInput(reader.Objects, ConfigurationReader.ReadFile(configuration).Value, mode).Build("node-a", s_nodeAddresses, []);
        }
        finally
        {
            File.Delete(configuration);
        }
    }

    /// <summary>Says what becomes of packets, by both walks.</summary>
    private sealed class Prophet(RuleModelSnapshot model, string mode)
    {
        private readonly Dictionary<IpFamily, PacketWalker> _walkers = new()
        {
            [IpFamily.IPv4] = new(RenderedRules.Of(model.IPv4, mode), new NodeView(s_nodeAddresses)),
            [IpFamily.IPv6] = new(RenderedRules.Of(model.IPv6, mode), new NodeView(s_nodeAddresses)),
        };

        /// <summary>
        /// Whether the answer of an endpoint surely comes back through the node: not when the endpoint is elsewhere, sees
        /// the client, and the client is elsewhere too.
        /// </summary>
        public bool CanBeTried(StandardLab lab, (string Place, LabService Service, string Kind, bool IsIPv6) packet)
        {
            bool isClientHere = packet.Place == "node" || packet.Place[0] == 'a';

            // Nobody sends the second node's pods through the node under test; they reach its own addresses only.
            bool isOnTheWay = packet.Place != "b3" || packet.Kind is "nodeport" or "nodeport2";
            return isOnTheWay
                && (packet.Kind != "localhost" || packet.Place == "node")
                && (isClientHere || Walk(lab, packet).All(way => way.Target is not { } target || way.IsMasqueraded || Name(target) is "node" or "a1" or "a2" or "a3"));
        }

        public SortedSet<string> Predict(StandardLab lab, (string Place, LabService Service, string Kind, bool IsIPv6) packet)
        {
            SortedSet<string> answers = new(StringComparer.Ordinal);
            foreach (WalkOutcome way in Walk(lab, packet))
            {
                way.IsUncertain.Should().BeFalse();
                switch (way.Verdict)
                {
                    case WalkVerdict.Drop:
                        answers.Add("dropped");
                        break;
                    case WalkVerdict.Reject:
                        answers.Add("refused");
                        break;
                    case WalkVerdict.Accept when way.Target is { } target:
                        string name = Name(target);
                        string masqueraded = name[0] == 'a' ? (packet.IsIPv6 ? "fd00:10:244:1::1" : "10.244.1.1") : packet.IsIPv6 ? "2001:db8:2::10" : "192.0.2.10";
                        answers.Add($"{name} saw {(way.IsMasqueraded ? masqueraded : Packet(lab, packet).Source.ToString())}");
                        break;
                    default:
                        // Left alone: nobody listens at the addresses of Services.
                        answers.UnionWith(["refused", "dropped"]);
                        break;
                }
            }

            return answers;
        }

        private IReadOnlyList<WalkOutcome> Walk(StandardLab lab, (string Place, LabService Service, string Kind, bool IsIPv6) packet)
        {
            WalkPacket walked = Packet(lab, packet);
            IReadOnlyList<WalkOutcome> ways;
            lock (_walkers)
            {
                // A walker is for one thread at a time.
                ways = _walkers[walked.Destination.Family].Walk(walked);
            }

            RuleDialect dialect = mode == "nftables" ? RuleDialect.Nftables : RuleDialect.Iptables;
            WalkAgreement.Compare(ways, ModelWalker.Walk(model[walked.Destination.Family], new NodeView(s_nodeAddresses), dialect, walked)).Should().BeEmpty();
            return ways;
        }

        private static WalkPacket Packet(StandardLab lab, (string Place, LabService Service, string Kind, bool IsIPv6) packet)
        {
            IPEndPoint dialled = LabRow.Destination(packet.Kind, packet.Service, packet.IsIPv6);
            IpAddress destination = IpAddress.FromBytes(dialled.Address.GetAddressBytes());
            IpAddress source = lab.Client(packet.Place, packet.IsIPv6).Address is { } address
                ? IpAddress.FromBytes(address.GetAddressBytes())
                : s_nodeAddresses.Contains(destination) ? destination : IpAddress.Parse(packet.IsIPv6 ? "2001:db8:2::10" : "192.0.2.10");
            return new(AddressRange.Of(source), destination, packet.Service.Protocol == "UDP" ? TransportProtocol.Udp : TransportProtocol.Tcp, (ushort)dialled.Port)
            {
                InputInterface = packet.Place == "node" ? null : packet.Place[0] == 'a' ? "pod-" + packet.Place : "eth0",
            };
        }

        private static string Name(EndpointAddress target) =>
            Array.Find([.. s_pods, "node", "second"], name => StandardLab.Endpoint(name) is var endpoint && target.Address.ToString() is var text && (text == endpoint.Address4 || text == endpoint.Address6))
            ?? throw new InvalidOperationException($"nobody is at {target}");
    }
}
