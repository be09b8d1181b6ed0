using System.Text.Json;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Explain;

/// <summary>The command on manifests: what it answers, and why, in both modes.</summary>
public sealed class ExplainCommandTests
{
    private static readonly string[] s_cluster =
        ["-f", "tests/Proxy.Tests/Commands/Explain/cluster.yaml", "--config", "tests/Proxy.Tests/Commands/Explain/kube-proxy.yaml"];

    /// <summary>Each line: source, destination, mode, the answer, the reason, the field.</summary>
    [Theory]
    [InlineData("pod:shop/client", "svc:shop/web:http", "both", "sent to one of 2 endpoints, 50 % each", "10.96.0.10:80/tcp is the cluster IP of shop/web:http", "spec.clusterIP of Service shop/web")]
    [InlineData("pod:shop/client", "svc:shop/web", "both", "endpoint of shop/web:http, pod shop/web-0, on this node", "not masqueraded: 10.244.1.3 is inside the pod CIDR 10.244.0.0/16", "clusterCIDR of the configuration")]
    [InlineData("pod:shop/client", "svc:shop/web", "both", "the source stays 10.244.1.3", "spread evenly over 2 ready endpoints; 1 more is not ready", "endpoints[].conditions.ready of EndpointSlices of shop/web")]
    [InlineData("pod:shop/client", "svc:shop/web", "both", "sent to one of 2", "a client that connected within the last 600 s goes to the endpoint that it had", "spec.sessionAffinity of Service shop/web")]
    [InlineData("pod:shop/web-0", "svc:shop/web", "both", "but towards 10.244.1.5:8080 it becomes 192.0.2.10", "10.244.1.5 reaches itself through its Service (hairpin)", "endpoints[].addresses")]
    [InlineData("203.0.113.9", "svc:shop/web", "both", "the source becomes 192.0.2.10", "masqueraded: traffic to a cluster IP from 203.0.113.9, which is outside the pod CIDR 10.244.0.0/16", "clusterCIDR of the configuration")]
    [InlineData("203.0.113.9", "203.0.113.80:80", "both", "dropped", "dropped: loadBalancerSourceRanges of shop/web does not include 203.0.113.9: 198.51.100.0/24", "spec.loadBalancerSourceRanges of Service shop/web")]
    [InlineData("198.51.100.7", "203.0.113.80:80", "both", "sent to one of 2 endpoints", "198.51.100.7 is allowed by 198.51.100.0/24", "spec.loadBalancerSourceRanges of Service shop/web")]
    [InlineData("outside", "192.0.2.10:30080", "both", "the source becomes 192.0.2.10", "masqueraded: with policy Cluster the endpoint may be on another node", "spec.externalTrafficPolicy of Service shop/web")]
    [InlineData("outside", "192.0.2.10:30020", "both", "dropped", "dropped: externalTrafficPolicy of shop/local is Local, and none of its 1 endpoint is on node node-a", "spec.externalTrafficPolicy of Service shop/local")]
    [InlineData("pod:shop/client", "192.0.2.10:30020", "both", "sent to 10.244.2.8:8080", "policy Local does not bind pods", "spec.externalTrafficPolicy of Service shop/local")]
    [InlineData("node", "192.0.2.10:30020", "both", "sent to 10.244.2.8:8080", "policy Local does not bind the node itself", "spec.externalTrafficPolicy of Service shop/local")]
    [InlineData("pod:shop/client", "10.96.0.20:80", "both", "dropped", "dropped: internalTrafficPolicy of shop/local is Local", "spec.internalTrafficPolicy of Service shop/local")]
    [InlineData("pod:shop/client", "10.96.0.30:53/udp", "both", "refused", "refused: shop/empty has no endpoints: no EndpointSlice has an endpoint for port \"\"", "endpoints of EndpointSlices of shop/empty")]
    [InlineData("pod:shop/client", "svc:shop/draining", "both", "sent to 10.244.2.10:8080", "no endpoint is ready, so 1 terminating one that still serves is used", "endpoints[].conditions.serving")]
    [InlineData("pod:shop/client", "10.96.0.10:81", "iptables", "left alone", "10.96.0.10 is the cluster IP of shop/web, but port 81 is not one of its ports (80/tcp)", "spec.ports of Service shop/web")]
    [InlineData("pod:shop/client", "10.96.0.10:81", "nftables", "refused", "10.96.0.10 is the cluster IP of shop/web, which has no port 81; it has 80/tcp", "spec.ports of Service shop/web")]
    [InlineData("pod:shop/client", "10.96.77.7:80", "nftables", "dropped", "10.96.77.7 is in the ServiceCIDR 10.96.0.0/16, and no Service has it", "spec.cidrs of ServiceCIDR")]
    [InlineData("pod:shop/client", "10.96.77.7:80", "iptables", "left alone", "no Service has it; in iptables mode nothing is done", "spec.cidrs of ServiceCIDR")]
    [InlineData("node", "127.0.0.1:30080", "iptables", "sent to one of 2 endpoints", "30080/tcp is the node port of shop/web:http", "spec.ports[].nodePort")]
    [InlineData("node", "127.0.0.1:30080", "nftables", "left alone", "node ports do not answer on loopback here", "mode of the configuration")]
    [InlineData("outside", "198.51.100.200:4242", "both", "left alone", "no Service has 198.51.100.200:4242", "[Services]")]
    [InlineData("pod:kube-system/agent", "svc:shop/web", "both", "pod kube-system/agent in the node's own network 192.0.2.10", "outside the pod CIDR", "clusterCIDR of the configuration")]
    public async Task TheAnswerComesWithItsReason(string from, string to, string mode, string answer, string reason, string field)
    {
        ExplainRun run = await ExplainRun.WithAsync([.. s_cluster, "--node", "node-a", "--from", from, "--to", to, "--mode", mode]);

        run.Errors.Should().BeEmpty();
        run.ExitCode.Should().Be(ExitCode.Success);
        run.Output.Should().Contain(answer).And.Contain(reason).And.Contain(field).And.NotContain("\u001b");
        foreach (string title in mode == "both" ? ["iptables: ", "nftables: "] : new[] { mode + ": " })
        {
            run.Output.Should().Contain("\n" + title);
        }
    }

    /// <summary>One slice says that the endpoint is ready, another that it is not: it gets the traffic, and both are named.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnEndpointThatIsGivenTwiceIsNamedWithBothSlices(bool isSwapped)
    {
        string text = await File.ReadAllTextAsync(RepositoryRoot.Combine("tests", "Proxy.Tests", "Commands", "Explain", "duplicate-ready-notready.yaml"));
        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, isSwapped ? text.Replace("name: x-a", "name: x-z", StringComparison.Ordinal) : text);

            ExplainRun run = await ExplainRun.WithAsync("-f", path, "--node", "node-a", "--from", "node", "--to", "10.96.1.1:80", "--mode", "both");

            string ready = isSwapped ? "as not ready by x-b, as ready by x-z" : "as ready by x-a, as not ready by x-b";
            run.ExitCode.Should().Be(ExitCode.Success, run.Errors);
            run.Output.Should().Contain("sent to 10.244.1.11:8080")
                .And.Contain($"10.244.1.11:8080 is given 2 times: {ready}; a ready one counts first")
                .And.Contain("[endpoints[].conditions of EndpointSlices of d/x]");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task TheFieldOfPodCidrsIsTheOneThatIsUsed()
    {
        string directory = "tests/golden/recorded/cases/detect-node-cidr";
        string clusterIP = File.ReadLines(RepositoryRoot.Combine([.. directory.Split('/'), "iptables", "iptables-save.txt"])).First(line => line.Contains(" cluster IP\"", StringComparison.Ordinal) && line.Contains("! -s", StringComparison.Ordinal));
        string destination = $"{clusterIP.Split("-d ")[1].Split('/')[0]}:{clusterIP.Split("--dport ")[1].Split(' ')[0]}";

        ExplainRun run = await ExplainRun.WithAsync("-f", directory + "/input", "--config", directory + "/config.yaml", "--node", "node-a", "--from", "203.0.113.9", "--to", destination);

        run.Output.Should().Contain("which is outside the pod CIDR").And.Contain("[spec.podCIDRs of Node node-a]");
    }

    /// <summary>The node whose rules matter is that of the Pod that sends.</summary>
    [Fact]
    public async Task APodIsLookedAtOnItsOwnNode()
    {
        ExplainRun run = await ExplainRun.WithAsync([.. s_cluster, "--from", "pod:shop/far", "--to", "svc:shop/local"]);

        run.Output.Should().StartWith("pod shop/far 10.244.2.9 -> 10.96.0.20:80/tcp on node node-b\n").And.Contain("sent to 10.244.2.8:8080 (endpoint of shop/local:http, on this node)");
    }

    [Fact]
    public async Task APodOfAnotherNodeIsTold()
    {
        ExplainRun run = await ExplainRun.WithAsync([.. s_cluster, "--node", "node-a", "--from", "pod:shop/far", "--to", "svc:shop/web"]);

        run.Output.Should().Contain("pod shop/far runs on node node-b; its packets meet the rules of that node first (--node node-b)");
    }

    [Fact]
    public async Task ConntrackAndTheReplyAreShownWithBothRewrites()
    {
        ExplainRun run = await ExplainRun.WithAsync([.. s_cluster, "--node", "node-a", "--from", "198.51.100.7", "--to", "192.0.2.10:30080", "--source-port", "51000"]);

        run.Output.Should()
            .Contain("  tcp 6 src=198.51.100.7 dst=192.0.2.10 sport=51000 dport=30080 src=10.244.1.5 dst=192.0.2.10 sport=8080 dport=*\n")
            .And.Contain("10.244.1.5:8080 answers 192.0.2.10, which it takes for the client")
            .And.Contain("the answer's destination becomes 198.51.100.7:51000")
            .And.Contain("the answer's source becomes 192.0.2.10:30080, and the client sees the address that it dialled");
    }

    [Fact]
    public async Task JsonHasTheWholeWay()
    {
        ExplainRun run = await ExplainRun.WithAsync([.. s_cluster, "--node", "node-a", "--from", "203.0.113.9", "--to", "svc:shop/web", "-o", "json", "--mode", "both"]);

        JsonElement root = JsonDocument.Parse(run.Output).RootElement;
        root.GetProperty("agree").GetBoolean().Should().BeTrue();
        root.GetProperty("packet").GetProperty("destination").GetString().Should().Be("10.96.0.10");
        foreach (JsonElement walk in root.GetProperty("walks").EnumerateArray())
        {
            JsonElement[] ways = [.. walk.GetProperty("ways").EnumerateArray()];
            ways.Select(way => way.GetProperty("target").GetString()).Should().BeEquivalentTo("10.244.1.5:8080", "10.244.2.6:8080");
            ways.Sum(way => way.GetProperty("probability").GetDouble()).Should().BeApproximately(1, 0.0001);
            ways.Should().OnlyContain(way => way.GetProperty("isMasqueraded").GetBoolean() && way.GetProperty("trace").GetArrayLength() > 4);
        }

        root.GetProperty("walks").GetArrayLength().Should().Be(2);
    }

    [Theory]
    [InlineData("nobody", "10.96.0.10:80", "give an address, pod:NAMESPACE/NAME, node or outside")]
    [InlineData("pod:client", "10.96.0.10:80", "name the Pod as pod:NAMESPACE/NAME")]
    [InlineData("pod:shop/gone", "10.96.0.10:80", "the input has no Pod shop/gone; list Pods too")]
    [InlineData("outside", "10.96.0.10", "give ADDRESS:PORT[/PROTOCOL]")]
    [InlineData("outside", "10.96.0.10:web", "\"web\" is not a port")]
    [InlineData("outside", "svc:shop/web:https", "Service shop/web has the ports http 80/tcp")]
    [InlineData("outside", "svc:shop/none", "the input has no Service shop/none with a cluster IP")]
    [InlineData("2001:db8::7", "10.96.0.10:80", "a packet has addresses of one family")]
    public async Task WhatCannotBeAskedIsAnErrorWithARemedy(string from, string to, string reason)
    {
        ExplainRun run = await ExplainRun.WithAsync([.. s_cluster, "--node", "node-a", "--from", from, "--to", to]);

        run.ExitCode.Should().Be(ExitCode.Failure);
        run.Errors.Should().StartWith("error: ").And.Contain(reason);
        run.Output.Should().BeEmpty();
    }

    [Theory]
    [InlineData("[fd00:96::10]:443/udp", "fd00:96::10", "443", "Udp")]
    [InlineData("10.96.0.10:53", "10.96.0.10", "53", "")]
    [InlineData("svc:shop/web:http/sctp", "shop/web", "http", "Sctp")]
    [InlineData("svc:shop/web", "shop/web", "", "")]
    public void DestinationsAreRead(string text, string where, string port, string protocol)
    {
        Proxy.Commands.Explain.PacketDestination destination = Proxy.Commands.Explain.PacketDestination.Parse(text);

        (destination.Address?.ToString() ?? destination.Service?.ToString()).Should().Be(where);
        destination.Port.Should().Be(port);
        (destination.Protocol?.ToString() ?? "").Should().Be(protocol);
    }
}
