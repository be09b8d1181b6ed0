using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Drift;

/// <summary>What the kernel tells of changes to the table kube-proxy, and what the watch makes of it.</summary>
[Trait("Category", "Netns")]
public sealed class NftablesDriftTests
{
    private const string Rules = """
        add table ip kube-proxy
        add chain ip kube-proxy services
        add chain ip kube-proxy nat-output { type nat hook output priority -100 ; }
        add chain ip kube-proxy filter-output { type filter hook output priority 0 ; }
        add map ip kube-proxy service-ips { type ipv4_addr . inet_proto . inet_service : verdict ; }
        add set ip kube-proxy affinity-x { type ipv4_addr ; flags dynamic,timeout ; timeout 1s ; }
        add rule ip kube-proxy filter-output update @affinity-x { ip daddr }
        add set ip kube-proxy counted-x { type ipv4_addr ; flags dynamic ; counter ; }
        add rule ip kube-proxy nat-output jump services
        add element ip kube-proxy service-ips { 10.0.0.1 . tcp . 80 : goto services }

        """;

    [SkippableTheory]
    [InlineData("flush ruleset", "table ip kube-proxy")]
    [InlineData("delete table ip kube-proxy", "table ip kube-proxy")]
    [InlineData("flush chain ip kube-proxy nat-output", "a rule of chain nat-output")]
    [InlineData("flush chain ip kube-proxy nat-output; delete chain ip kube-proxy nat-output", "nat-output")]
    [InlineData("delete element ip kube-proxy service-ips { 10.0.0.1 . tcp . 80 }", "removed an element of service-ips")]
    [InlineData("flush map ip kube-proxy service-ips", "service-ips")]
    [InlineData("insert rule ip kube-proxy services drop", "added or changed a rule of chain services")]
    public void DamageIsReported(string damage, string what) => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("nft", Rules, "-f", "-");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);

            ChildProcess.Run("nft", "", damage);

            watch.Next().Should().StartWith("nft (process ").And.Contain(what);
            watch.Looks.Should().Be(0);
        },
        "nft");

    /// <summary>It is both removed and added, which programs do with the tables of iptables that they save and restore, but not with ours.</summary>
    [SkippableFact]
    public void AReplacedRuleIsReported() => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("nft", Rules, "-f", "-");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);

            string handle = ChildProcess.Run("nft", "", "-a", "list", "chain", "ip", "kube-proxy", "nat-output")
                .Split('\n').Single(line => line.Contains("jump services")).Split("# handle ")[1].Trim();
            ChildProcess.Run("nft", "", $"replace rule ip kube-proxy nat-output handle {handle} return");

            watch.Next().Should().Contain("nat-output");
            watch.Looks.Should().Be(0);
        },
        "nft");

    /// <summary>The kernel packs messages about several tables into one datagram; what is ours may come last.</summary>
    [SkippableTheory]
    [InlineData("flush map ip kube-proxy service-ips", "service-ips")]
    [InlineData("delete table ip kube-proxy", "table ip kube-proxy")]
    public void DamageAmongManyChangesOfOtherTablesIsReported(string damage, string what) => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("nft", Rules, "-f", "-");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);
            string others = string.Concat(Enumerable.Range(0, 200).Select(number => $"add table ip t{number}\nadd chain ip t{number} c\n"));

            ChildProcess.Run("nft", $"{others}{damage}\n{others}", "-f", "-");

            watch.Next().Should().Contain(what);
            watch.Looks.Should().Be(0);
        },
        "nft");

    /// <summary>A block list of somebody else: more messages than the queue of the watch holds.</summary>
    [SkippableFact]
    public void LargeTablesOfOthersDoNotFillTheQueue() => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("nft", Rules, "-f", "-");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);
            string elements = string.Join(",", Enumerable.Range(0, 150_000).Select(number => $"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}"));

            ChildProcess.Run("nft", $"add table ip others\nadd set ip others blocked {{ type ipv4_addr; }}\nadd element ip others blocked {{ {elements} }}\n", "-f", "-");
            ChildProcess.Run("nft", "", "delete table ip others");

            watch.ShouldOnlyReport("service-ips", () => ChildProcess.Run("nft", "", "flush map ip kube-proxy service-ips"));
            watch.Looks.Should().Be(0);
        },
        "nft");

    [SkippableFact]
    public void OthersTablesAndFamiliesAreNotOurs() => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("nft", Rules, "-f", "-");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);

            ChildProcess.Run("nft", "add table ip cni\nadd chain ip cni services\nadd rule ip cni services drop\nadd table ip6 kube-proxy\n", "-f", "-");
            ChildProcess.Run("nft", "", "delete table ip cni; delete table ip6 kube-proxy");
            ChildProcess.Run("nft", "", "add element ip kube-proxy affinity-x { 10.9.9.9 }");
            ChildProcess.Run("nft", "", "add element ip kube-proxy counted-x { 10.9.9.9 }; flush set ip kube-proxy counted-x");

            watch.ShouldOnlyReport("service-ips", () => ChildProcess.Run("nft", "", "flush map ip kube-proxy service-ips"));
            watch.Looks.Should().Be(0);
        },
        "nft");

    [SkippableFact]
    public void AffinityThatPacketsCauseIsNoDrift() => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("ip", "", "link", "set", "lo", "up");
            ChildProcess.Run("nft", Rules, "-f", "-");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);

            using (Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
            {
                socket.SendTo([1], new IPEndPoint(IPAddress.Loopback, 9));
            }

            ListAffinity().Should().Contain("127.0.0.1");
            SpinWait.SpinUntil(() => !ListAffinity().Contains("127.0.0.1"), TimeSpan.FromSeconds(30)).Should().BeTrue("it expires");
            watch.ShouldOnlyReport("service-ips", () => ChildProcess.Run("nft", "", "flush map ip kube-proxy service-ips"));
            watch.Looks.Should().Be(0);
        },
        "nft",
        "ip");

    [SkippableTheory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void OurOwnCommitsAreNoDrift(bool isFull, bool register) => NetworkNamespace.RunOrSkip(
        () =>
        {
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);

            watch.ApplyOwn(isFull, register, "nft", Rules, "-f", "-");
            watch.ApplyOwn(isFull, register, "nft", "flush map ip kube-proxy service-ips\n", "-f", "-");

            watch.ShouldOnlyReport("nat-output", () => ChildProcess.Run("nft", "", "flush chain ip kube-proxy nat-output"));
            watch.Looks.Should().Be(0);
        },
        "nft");

    [SkippableFact]
    public void OthersCommitsDuringASmallApplyAreReported() => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("nft", Rules, "-f", "-");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);
            watch.IsIntact = false;

            using (watch.Applies.Begin(isFull: false))
            {
                ChildProcess.Run("nft", "", "flush chain ip kube-proxy nat-output");
                watch.RunOwn(register: true, "nft", "add chain ip kube-proxy more\n", "-f", "-");
            }

            watch.Next().Should().Contain("nat-output");
        },
        "nft");

    /// <summary>A wrapper around the tool starts the real one as its child, whose number nobody tells.</summary>
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhatAChildOfTheToolCommitsIsNoDamage(bool isFull) => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("nft", Rules, "-f", "-");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);

            watch.ApplyOwn(isFull, register: true, "sh", "flush chain ip kube-proxy nat-output\n", "-c", "nft -f -; exit");

            watch.ShouldOnlyReport("chain extra", () => ChildProcess.Run("nft", "", "add chain ip kube-proxy extra"));
        },
        "nft");

    /// <summary>Only what processes of ours change is passed over while everything is written anew.</summary>
    [SkippableTheory]
    [InlineData("add table ip cni; delete table ip cni", null)]
    [InlineData("flush chain ip kube-proxy nat-output", "nat-output")]
    [InlineData("delete element ip kube-proxy service-ips { 10.0.0.1 . tcp . 80 }", "service-ips")]
    public void OthersCommitsDuringAFullApplyAreHeard(string command, string? what) => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("nft", Rules, "-f", "-");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);
            watch.IsIntact = what is null;

            using (watch.Applies.Begin(isFull: true))
            {
                ChildProcess.Run("nft", "", command);
                watch.RunOwn(register: true, "nft", "add chain ip kube-proxy more\n", "-f", "-");
                ChildProcess.Run("nft", "", "add table ip cni; delete table ip cni");
            }

            if (what is null)
            {
                watch.ShouldOnlyReport("chain extra", () => ChildProcess.Run("nft", "", "add chain ip kube-proxy extra"));
            }
            else
            {
                watch.Next().Should().Contain(what);
            }

            watch.Looks.Should().Be(what is null ? 0 : 1, "the apply may have mended it, so the rules decide");
        },
        "nft");

    /// <summary>Of a large transaction of ours the kernel writes no messages: nobody listens meanwhile. Afterwards somebody does again.</summary>
    [SkippableFact]
    public void NobodyListensDuringALargeTransactionOfOurs() => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("nft", Rules, "-f", "-");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);
            using BatchConnection connection = BatchConnection.Open();
            using IOwnPort port = watch.Applies.PortOpened(connection.Port);
            Listeners().Should().Be(1);

            for (int round = 0; round < 3; round++)
            {
                using (watch.Applies.Begin(isFull: true, isLarge: true))
                {
                    Listeners().Should().Be(0);
                    using (watch.Applies.Begin(isFull: true, isLarge: true))
                    {
                        Commit(connection, port);
                    }

                    Listeners().Should().Be(0, "the other family's goes on");
                    Commit(connection, port);
                }

                Listeners().Should().Be(1);
            }

            Commit(connection, port);
            watch.ShouldOnlyReport("more in table", () => ChildProcess.Run("nft", "", "add chain ip kube-proxy more"));
            watch.Looks.Should().Be(0, "each commit was one of ours");
        },
        "nft");

    /// <summary>What others commit meanwhile is not heard; that they did is known by the number of the last commit, and the rules decide.</summary>
    [SkippableTheory]
    [InlineData("add table ip cni; delete table ip cni", true)]
    [InlineData("flush chain ip kube-proxy nat-output", false)]
    public void OthersCommitsDuringALargeTransactionAreNoticed(string command, bool isIntact) => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("nft", Rules, "-f", "-");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);
            using BatchConnection connection = BatchConnection.Open();
            using IOwnPort port = watch.Applies.PortOpened(connection.Port);
            watch.IsIntact = isIntact;

            using (watch.Applies.Begin(isFull: true, isLarge: true))
            {
                Commit(connection, port);
                ChildProcess.Run("nft", "", command);
                Commit(connection, port);
            }

            if (isIntact)
            {
                SpinWait.SpinUntil(() => watch.EndedLooks == 1, TimeSpan.FromSeconds(30)).Should().BeTrue("the rules are looked at");
                watch.ShouldOnlyReport("chain extra", () => ChildProcess.Run("nft", "", "add chain ip kube-proxy extra"));
            }
            else
            {
                watch.Next().Should().Be("somebody changed rules while ours were written");
            }

            watch.Looks.Should().Be(1);
        },
        "nft");

    /// <summary>A small transaction, one of the program nft, and an update are listened to as before.</summary>
    [SkippableFact]
    public void OtherTransactionsOfOursAreHeard() => NetworkNamespace.RunOrSkip(
        () =>
        {
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable);
            using (watch.Applies.Begin(isFull: true, isLarge: true))
            {
                Listeners().Should().Be(1, "what a process commits is not counted");
            }

            using BatchConnection connection = BatchConnection.Open();
            using IOwnPort port = watch.Applies.PortOpened(connection.Port);
            foreach (bool isFull in (bool[])[true, false])
            {
                using (watch.Applies.Begin(isFull))
                {
                    Listeners().Should().Be(1);
                }
            }
        },
        "nft");

    [SkippableFact]
    public void WhereNothingIsHeardTheNumberOfTheLastChangeTells() => NetworkNamespace.RunOrSkip(
        () =>
        {
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.KubeProxyTable, hearEvents: false);
            watch.ApplyOwn(isFull: true, register: false, "nft", Rules, "-f", "-");
            watch.IsIntact = false;

            watch.ShouldOnlyReport("somebody changed rules", () => ChildProcess.Run("nft", "", "flush ruleset"));
            watch.Looks.Should().Be(1);
        },
        "nft");

    /// <summary>Makes the table anew, as a transaction of ours.</summary>
    private static void Commit(BatchConnection connection, IOwnPort port)
    {
        NftBatch batch = new();
        NftablesRenderer.WriteFull(Samples.Model([], []).IPv4, NftablesOptions.Default, batch);
        connection.Send(batch.Messages).IsApplied.Should().BeTrue();
        port.Committed();
    }

    /// <summary>Number of sockets in the network namespace of this thread that listen to changes of rules: protocol 12 and bit 7 of the groups of proc(5)'s net/netlink.</summary>
    private static int Listeners() => File.ReadLines("/proc/thread-self/net/netlink").Skip(1)
        .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Count(static fields => fields[1] == "12" && (uint.Parse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1 << 6)) != 0);

    private static string ListAffinity() => ChildProcess.Run("nft", "", "list", "set", "ip", "kube-proxy", "affinity-x");
}
