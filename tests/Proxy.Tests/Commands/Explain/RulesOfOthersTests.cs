using System.Text.Json;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Explain;

/// <summary>
/// Rules of cloud nodes, service meshes, firewalls and routers, from public reports, with what the kernel does to the packet. The
/// tests of the node send such packets through the same files.
/// </summary>
public sealed class RulesOfOthersTests
{
    private const string Directory = "tests/Proxy.Tests/Commands/Explain/rules/";
    private const string Outside = "--node-address 192.0.2.10 --from 203.0.113.9";

    [Theory]
    [InlineData("mp.rules", Outside + " --to 192.0.2.77:443", "left alone: its destination stays", "the source stays 203.0.113.9")]
    [InlineData("mp.rules", Outside + " --to 192.0.2.77:444", "dropped by the policy of filter FORWARD (DROP)", "filter FORWARD policy DROP")]
    [InlineData("syn.rules", Outside + " --to 192.0.2.77:443", "left alone: its destination stays", "the first packet of a connection meets --tcp-flags FIN,SYN,RST,ACK SYN")]
    [InlineData("ipr.rules", Outside + " --to 192.0.2.77:443", "left alone: its destination stays", "source 203.0.113.9 is in 203.0.113.1-203.0.113.20")]
    [InlineData("pol.rules", Outside + " --to 192.0.2.77:443", "dropped by the policy of filter FORWARD (DROP)", "filter FORWARD policy DROP: no rule decides, so the policy drops it")]
    [InlineData("pol.rules", Outside + " --to 192.0.2.78:443", "left alone: its destination stays", "accepts")]
    [InlineData("hostname.rules", Outside + " --to 192.0.2.10:80", "sent to 10.42.0.8:80", "the source stays 203.0.113.9")]
    [InlineData("hostname.rules", Outside + " --to 192.0.2.10:81", "left alone: its destination stays", "the source stays 203.0.113.9")]
    [InlineData("dnatrange.rules", Outside + " --to 192.0.2.77:80", "sent to one of 3 endpoints, 33.33 % each", "33.33 %  198.51.100.9:8080")]
    [InlineData("markset.rules", Outside + " --to 192.0.2.77:80", "dropped", "mark 0x10 masked with 0xffffffff is 0x10")]
    [InlineData("notrack.rules", Outside + " --to 192.0.2.77:80", "left alone: its destination stays", "no entry: the packet is exempt from connection tracking")]
    [InlineData("redir.rules", Outside + " --to 192.0.2.77:80", "sent to this node, port 15001", "the source stays 203.0.113.9")]
    [InlineData("snat.rules", Outside + " --to 192.0.2.77:80", "left alone: its destination stays, but its source is rewritten", "the source becomes 192.0.2.10\n")]
    [InlineData("eks-kops.rules", "--node-address 172.20.43.5 --from 172.20.43.77 --to 198.51.100.51:80", "left alone: its destination stays, but its source is rewritten", "the source becomes 172.20.43.5\n")]
    [InlineData("eks-kops.rules", "--node-address 172.20.43.5 --from 172.20.43.77 --to 172.20.9.9:80", "left alone: its destination stays", "the source stays 172.20.43.77")]
    [InlineData("ifvmap.nft", "--node-address 10.0.0.5 --from outside --to 192.0.2.2:81 --interface eth0 --out-interface br1", "dropped", "finds br1: goes to in1")]
    [InlineData("ifvmap.nft", "--node-address 10.0.0.5 --from outside --to 192.0.2.2:80 --interface eth0 --out-interface br1", "left alone: its destination stays", "accepts")]
    [InlineData("ifvmap2.nft", "--node-address 10.0.0.5 --from outside --to 192.0.2.2:81 --interface eth0 --out-interface br1", "left alone: its destination stays, but its source is rewritten", "the source becomes 10.0.0.5")]
    [InlineData("ifvmap2.nft", "--node-address 10.0.0.5 --from outside --to 192.0.2.2:81 --interface eth0 --out-interface br2", "left alone: its destination stays", "the source stays 203.0.113.9")]
    [InlineData("fw.nft", "--node-address 10.0.0.5 --from 198.51.100.9 --to 192.0.2.2:443 --interface eth1", "refused with a TCP reset", "the client gets a TCP reset: \"connection refused\"")]
    [InlineData("fw.nft", "--node-address 10.0.0.5 --from 198.51.100.9 --to 192.0.2.2:8085 --interface eth1", "dropped", "finds 8080-8090: drops")]
    [InlineData("fw.nft", "--node-address 10.0.0.5 --from 203.0.113.9 --to 192.0.2.2:443 --interface eth1", "dropped", "203.0.113.0/25")]
    [InlineData("fw.nft", "--node-address 10.0.0.5 --from 203.0.113.9 --to 192.0.2.2:443 --interface eth0", "left alone: its destination stays", "input interface eth0 is eth0, or input interface eth0 is lo")]
    [InlineData("fw.nft", "--node-address 10.0.0.5 --from 198.51.100.9 --to 192.0.2.2:53/udp --interface eth1", "dropped by the policy of filter forward (DROP)", "filter forward policy DROP")]
    [InlineData("fw.nft", "--node-address 10.0.0.5 --from 198.51.100.9 --to 10.0.0.5:25 --interface eth1", "refused as administratively prohibited", "the client gets the ICMP error administratively prohibited: \"No route to host\"")]
    [InlineData("fw.nft", "--node-address 10.0.0.5 --from 198.51.100.9 --to 10.0.0.5:30080 --interface eth1", "depends on the rate of packets (filter input rule 5): refused as administratively prohibited; or left alone: its destination stays", "May match, depending on what is not known")]
    [InlineData("linkerd.rules", "--node-address 10.42.0.7 --from 10.42.1.8 --to 10.42.0.7:8080", "sent to this node, port 4143", "the source stays 10.42.1.8")]
    [InlineData("linkerd.rules", "--node-address 10.42.0.7 --from 10.42.1.8 --to 10.42.0.7:4191", "left alone: its destination stays", "the source stays 10.42.1.8")]
    [InlineData("docker.rules", "--node-address 192.168.1.10 --from 192.168.1.50 --to 192.168.1.10:8080 --interface eth0 --out-interface docker0", "sent to 172.17.0.2:80", "the source stays 192.168.1.50")]
    [InlineData("docker.rules", "--node-address 192.168.1.10 --from 192.168.1.50 --to 172.17.0.2:80 --interface eth0 --out-interface docker0", "dropped", "raw PREROUTING rule 1")]
    [InlineData("docker.rules", "--node-address 192.168.1.10 --node-address 172.17.0.1 --from 172.17.0.2 --to 198.51.100.7:443 --interface docker0 --out-interface eth0", "left alone: its destination stays, but its source is rewritten", "the source becomes 192.168.1.10 (or 172.17.0.1, or another of the node's if the packet leaves by a bridge or an overlay: that of the interface it leaves by)")]
    [InlineData("docker-bridges.nft", "--node-address 192.0.2.23 --from node --to 192.0.2.23:8080", "depends on the interface that the packet leaves by, which --out-interface gives (docker-bridges nat-POSTROUTING rule 2): sent to 172.17.0.2:80", "the source becomes 192.0.2.23")]
    [InlineData("docker-bridges.nft", "--node-address 192.0.2.23 --from 172.17.0.2 --to 172.20.0.2:80 --interface docker0 --out-interface br-aa", "dropped", "filter-FORWARD rule 1: finds br-aa: goes to filter-forward-in__br-aa, where rule 3 drops")]
    [InlineData("flannel-portmap.rules", "--node-address 192.0.2.11 --from 203.0.113.5 --to 192.0.2.11:8443 --interface eth0 --out-interface cni0", "sent to 10.244.1.9:443", "the source stays 203.0.113.5")]
    [InlineData("tailscale.rules", "--node-address 192.0.2.15 --from 100.70.1.1 --to 192.0.2.15:22 --interface eth0", "dropped", "ts-input")]
    [InlineData("netavark.nft", "--node-address 192.0.2.21 --from 10.89.0.2 --to 10.89.1.3:80 --interface podman1 --out-interface podman2", "dropped", "NETAVARK-ISOLATION-2")]
    [InlineData("firewalld.nft", "--node-address 192.0.2.20 --from 203.0.113.4 --to 192.0.2.20:9999 --interface eth0", "refused as administratively prohibited", "filter_IN_public")]
    [InlineData("lxd-nspawn.nft", "--node-address 192.0.2.22 --from 203.0.113.1 --to 192.0.2.22:3333 --interface eth0", "sent to 10.5.1.10:22", "picks 10.5.1.10:22 from map_port_ipport")]
    [InlineData("lxd-nspawn.nft", "--node-address 192.0.2.22 --from node --to 192.0.2.22:3333", "left alone: its destination stays", "the source stays 192.0.2.22")]
    [InlineData("ovnk.rules", "--node-address 192.0.2.32 --from 203.0.113.9 --to 203.0.113.80:80 --interface br-ex --out-interface br-ex", "sent to 172.30.44.5:80", "OVN-KUBE-EXTERNALIP")]
    public async Task WhatIsSaidIsWhatTheKernelDoes(string file, string arguments, string answer, string detail)
    {
        ExplainRun run = await ExplainRun.WithAsync(["--rules", Directory + file, .. arguments.Split(' ')]);

        run.ExitCode.Should().Be(ExitCode.Success, run.Errors);
        run.Output.Should().Contain($"the rules of {file}: {answer}\n").And.Contain(detail);
    }

    /// <summary>What is sure adds up to 100 %, and what is only possible has no share, whatever is not given.</summary>
    [Theory]
    [InlineData("fw.nft", "--node-address 10.0.0.5 --from 198.51.100.9 --to 192.0.2.2:443")]
    [InlineData("fw.nft", "--node-address 10.0.0.5 --from 198.51.100.9 --to 10.0.0.5:30080")]
    [InlineData("dnatrange.rules", Outside + " --to 192.0.2.77:80")]
    [InlineData("eks-kops.rules", "--node-address 172.20.43.5 --from 172.20.43.77 --to 198.51.100.51:80")]
    [InlineData("ifvmap2.nft", "--node-address 10.0.0.5 --from outside --to 192.0.2.2:81")]
    [InlineData("ifvmap.nft", "--from outside --to 192.0.2.2:81")]
    public async Task SharesAddUpToAWhole(string file, string arguments)
    {
        ExplainRun run = await ExplainRun.WithAsync(["--rules", Directory + file, .. arguments.Split(' '), "-o", "json"]);

        JsonElement walk = JsonDocument.Parse(run.Output).RootElement.GetProperty("walks")[0];
        JsonElement[] ways = [.. walk.GetProperty("ways").EnumerateArray()];
        bool isCertain = walk.GetProperty("isCertain").GetBoolean();
        double sum = ways.Sum(way => way.GetProperty("probability").ValueKind == JsonValueKind.Number ? way.GetProperty("probability").GetDouble() : 0);
        ways.Should().OnlyContain(way => way.GetProperty("isCertain").GetBoolean() == (way.GetProperty("probability").ValueKind == JsonValueKind.Number));
        (isCertain ? sum : 1).Should().BeApproximately(1, 0.0001);
        sum.Should().BeLessThanOrEqualTo(1.0001);
    }
}
