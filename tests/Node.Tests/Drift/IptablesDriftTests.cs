using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Drift;

/// <summary>What is noticed of changes made by both variants of iptables.</summary>
[Trait("Category", "Netns")]
public sealed class IptablesDriftTests
{
    private const string Rules = """
        *nat
        :KUBE-SERVICES - [0:0]
        :KUBE-SVC-AAAA - [0:0]
        -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -A KUBE-SERVICES -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-AAAA
        COMMIT

        """;

    private static readonly string[][] s_damage =
    [
        ["-t", "nat", "-F"],
        ["-t", "nat", "-F", "PREROUTING"],
        ["-t", "nat", "-D", "PREROUTING", "-m", "comment", "--comment", "kubernetes service portals", "-j", "KUBE-SERVICES"],
        ["-t", "nat", "-D", "KUBE-SERVICES", "1"],
        ["-t", "nat", "-A", "KUBE-SVC-AAAA", "-j", "RETURN"],
    ];

    public static TheoryData<int> Damage() => [.. Enumerable.Range(0, s_damage.Length)];

    [SkippableTheory]
    [MemberData(nameof(Damage))]
    public void DamageByIptablesNftIsReported(int damage) => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("iptables-nft-restore", Rules, "--noflush");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.IptablesChains);

            ChildProcess.Run("iptables-nft", "", s_damage[damage]);

            watch.Next().Should().StartWith("iptables").And.Contain("in table ip nat");
            watch.Looks.Should().Be(0);
        },
        "iptables-nft");

    [SkippableFact]
    public void DamageByNftIsReported() => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("iptables-nft-restore", Rules, "--noflush");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.IptablesChains);

            ChildProcess.Run("nft", "", "flush ruleset");

            watch.Next().Should().StartWith("nft (process ").And.Contain("in table ip nat");
        },
        "iptables-nft",
        "nft");

    [SkippableFact]
    public void OthersChainsInTheSameTablesAreNotOurs() => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("iptables-nft-restore", Rules, "--noflush");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.IptablesChains);

            foreach (string chain in new[] { "CNI-HOSTPORT-DNAT", "KUBE-KUBELET-CANARY", "KUBE-ROUTER-INPUT", "KUBE-POD-FW-ABC" })
            {
                ChildProcess.Run("iptables-nft", "", "-t", "nat", "-N", chain);
                ChildProcess.Run("iptables-nft", "", "-t", "nat", "-A", "PREROUTING", "-j", chain);
            }

            ChildProcess.Run("ip6tables-nft", "", "-t", "nat", "-N", "KUBE-SERVICES");
            watch.ShouldOnlyReport("KUBE-SERVICES", () => ChildProcess.Run("iptables-nft", "", "-t", "nat", "-F", "KUBE-SERVICES"));
            watch.Looks.Should().Be(0);
        },
        "iptables-nft");

    [SkippableFact]
    public void ARestoreOfWhatWasSavedIsLookedAt() => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("iptables-nft-restore", Rules, "--noflush");
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.IptablesChains);

            ChildProcess.Run("iptables-nft-restore", ChildProcess.Run("iptables-nft-save", ""));

            SpinWait.SpinUntil(() => watch.EndedLooks == 1, TimeSpan.FromSeconds(20)).Should().BeTrue();
            watch.ShouldOnlyReport("KUBE-SERVICES", () => ChildProcess.Run("iptables-nft", "", "-t", "nat", "-F", "KUBE-SERVICES"));
        },
        "iptables-nft");

    [SkippableTheory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void OurOwnRestoresAreNoDrift(bool isFull, bool register) => NetworkNamespace.RunOrSkip(
        () =>
        {
            using WatchUnderTest watch = WatchUnderTest.OnNftables(RuleStore.IptablesChains);

            watch.ApplyOwn(isFull, register, "iptables-nft-restore", Rules, "--noflush");

            watch.ShouldOnlyReport("PREROUTING", () => ChildProcess.Run("iptables-nft", "", "-t", "nat", "-F", "PREROUTING"));
            watch.Looks.Should().Be(0);
        },
        "iptables-nft");

    [SkippableTheory]
    [MemberData(nameof(Damage))]
    public void DamageByIptablesLegacyIsReported(int damage) => NetworkNamespace.RunOrSkip(
        () =>
        {
            LegacyOrSkip();
            using WatchUnderTest watch = WatchUnderTest.OnLegacy();
            watch.ApplyOwn(isFull: false, register: false, "iptables-legacy-restore", Rules, "--noflush");
            watch.IsIntact = false;

            ChildProcess.Run("iptables-legacy", "", s_damage[damage]);

            watch.Next().Should().Contain("somebody changed the tables");
            watch.Looks.Should().Be(1);
        },
        "iptables-legacy");

    [SkippableFact]
    public void OthersRulesInLegacyTablesLeadToALookAndNoMore() => NetworkNamespace.RunOrSkip(
        () =>
        {
            LegacyOrSkip();
            using WatchUnderTest watch = WatchUnderTest.OnLegacy();
            watch.ApplyOwn(isFull: false, register: false, "iptables-legacy-restore", Rules, "--noflush");

            ChildProcess.Run("iptables-legacy", "", "-t", "nat", "-N", "CNI-HOSTPORT-DNAT");
            SpinWait.SpinUntil(() => watch.EndedLooks == 1, TimeSpan.FromSeconds(20)).Should().BeTrue();

            watch.IsIntact = false;
            watch.ShouldOnlyReport("somebody", () => ChildProcess.Run("iptables-legacy", "", "-t", "nat", "-F"));
            watch.Looks.Should().Be(2);
        },
        "iptables-legacy");

    /// <summary>A program that adds and removes its own all the time is no reason to list everything all the time; damage meanwhile is.</summary>
    [SkippableFact]
    public void WhatWasHarmlessBeforeIsLookedAtLaterAndDamageAtOnce() => NetworkNamespace.RunOrSkip(
        () =>
        {
            LegacyOrSkip();
            using WatchUnderTest watch = WatchUnderTest.OnLegacy();
            watch.ApplyOwn(isFull: false, register: false, "iptables-legacy-restore", Rules, "--noflush");
            watch.LookTakes = TimeSpan.FromSeconds(3); // a look for a known reason follows after nine times as long
            ChildProcess.Run("iptables-legacy", "", "-t", "nat", "-N", "CNI-HOSTPORT-DNAT");
            SpinWait.SpinUntil(() => watch.EndedLooks == 1, TimeSpan.FromSeconds(20)).Should().BeTrue();

            ChildProcess.Run("iptables-legacy", "", "-t", "nat", "-X", "CNI-HOSTPORT-DNAT");
            Thread.Sleep(TimeSpan.FromSeconds(3)); // two looks at the sizes
            ChildProcess.Run("iptables-legacy", "", "-t", "nat", "-N", "CNI-HOSTPORT-DNAT");
            watch.ApplyOwn(isFull: false, register: false, "iptables-legacy", "", "-t", "nat", "-A", "KUBE-SVC-AAAA", "-j", "RETURN");
            ChildProcess.Run("iptables-legacy", "", "-t", "nat", "-X", "CNI-HOSTPORT-DNAT");
            Thread.Sleep(TimeSpan.FromSeconds(3));
            watch.Looks.Should().Be(1);

            watch.IsIntact = false;
            watch.LookTakes = TimeSpan.Zero;
            watch.ShouldOnlyReport("somebody", () => ChildProcess.Run("iptables-legacy", "", "-t", "nat", "-F", "PREROUTING"));
            watch.Looks.Should().Be(2);
        },
        "iptables-legacy");

    [SkippableFact]
    public void AFullLegacyApplyIsLookedAtOnce() => NetworkNamespace.RunOrSkip(
        () =>
        {
            LegacyOrSkip();
            using WatchUnderTest watch = WatchUnderTest.OnLegacy();

            watch.ApplyOwn(isFull: true, register: false, "iptables-legacy-restore", Rules, "--noflush");

            SpinWait.SpinUntil(() => watch.EndedLooks == 1, TimeSpan.FromSeconds(20)).Should().BeTrue();
        },
        "iptables-legacy");

    [SkippableFact]
    public void DamageDoneJustBeforeOurLegacyApplyIsNotLost() => NetworkNamespace.RunOrSkip(
        () =>
        {
            LegacyOrSkip();
            using WatchUnderTest watch = WatchUnderTest.OnLegacy();
            watch.ApplyOwn(isFull: false, register: false, "iptables-legacy-restore", Rules, "--noflush");
            watch.IsIntact = false;

            ChildProcess.Run("iptables-legacy", "", "-t", "nat", "-F", "PREROUTING");
            watch.ApplyOwn(isFull: false, register: false, "iptables-legacy", "", "-t", "nat", "-A", "KUBE-SVC-AAAA", "-j", "RETURN");

            watch.Next().Should().Contain("somebody");
        },
        "iptables-legacy");

    private static void LegacyOrSkip() =>
        Skip.If(ChildProcess.Try("iptables-legacy", "", "-t", "nat", "-S").ExitCode != 0, "the kernel has no iptables-legacy (module ip_tables)");
}
