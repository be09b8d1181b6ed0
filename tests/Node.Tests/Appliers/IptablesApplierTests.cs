using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Counters;
using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>The iptables applier against the real tools and the real kernel, in both variants.</summary>
[Trait("Category", "Netns")]
public sealed class IptablesApplierTests
{
    private static readonly FamilyRules s_rules = Samples.Model([Samples.LoadBalancer], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]).IPv4;

    public static TheoryData<string, IpFamily, string> Recordings()
    {
        TheoryData<string, IpFamily, string> recordings = [];
        foreach (string name in RecordedCases.Cases)
        {
            foreach (string variant in (string[])["nft", "legacy"])
            {
                if (Directory.Exists(Path.Combine(RecordedCases.CaseDirectory(name), Folder(variant))))
                {
                    recordings.Add(name, IpFamily.IPv4, variant);
                    recordings.Add(name, IpFamily.IPv6, variant);
                }
            }
        }

        return recordings;
    }

    /// <summary>From nothing, and again over the result: the recorded rules, jump rules in the recorded order, nothing twice.</summary>
    [SkippableTheory]
    [MemberData(nameof(Recordings))]
    public async Task RecordedCasesComeOutAsRecorded(string name, IpFamily family, string variant)
    {
        string directory = RecordedCases.CaseDirectory(name);
        FamilyRules rules = ModelLoader.ReadCase(directory, "iptables")[family];
        string[] expected = TestNode.Canonical(Recorded(directory, family, variant));
        using TestNode node = CreateOrSkip(variant);
        IptablesApplier applier = node.Iptables(family, variant);

        for (int sync = 0; sync < 2; sync++)
        {
            Assert(await applier.ApplyFullAsync(rules, default));

            string[] actual = node.Save(family, variant);
            actual.SequenceEqual(expected).Should().BeTrue(TextDiff.Describe(expected, actual));
            (await applier.LookAsync(default)).Should().Be(Integrity.Intact, "nobody touched them");
        }
    }

    [SkippableTheory]
    [InlineData("nft", "-t nat -F KUBE-SERVICES", false)]
    [InlineData("legacy", "-t nat -F KUBE-SERVICES", false)]
    [InlineData("nft", "-t nat -D PREROUTING 1", false)]
    [InlineData("legacy", "-t nat -D PREROUTING 1", false)]
    [InlineData("nft", "-t filter -F", false)]
    [InlineData("nft", "-t nat -A POSTROUTING -s 10.9.0.0/16 -j MASQUERADE", true)]
    [InlineData("legacy", "-t nat -A POSTROUTING -s 10.9.0.0/16 -j MASQUERADE", true)]
    [InlineData("legacy", "-t filter -I KUBE-FIREWALL -s 192.0.2.1 -j DROP", true)]
    public async Task DamageIsToldFromWhatOthersDo(string variant, string damage, bool isIntact)
    {
        using TestNode node = CreateOrSkip(variant);
        IptablesApplier applier = node.Iptables(IpFamily.IPv4, variant);
        Assert(await applier.ApplyFullAsync(s_rules, default));

        node.Run("iptables-" + variant, "", damage.Split(' '));

        (await applier.LookAsync(default)).Should().Be(isIntact ? Integrity.Intact : Integrity.Changed);
    }

    /// <summary>Nobody's commits make a listing that lacks nothing of ours worthless, so none is made again.</summary>
    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task BesideAWriterOneListingIsEnough(string variant)
    {
        using TestNode node = CreateOrSkip(variant);
        int started = 0;
        IptablesApplier applier = new(TestNode.Tools(IpFamily.IPv4, variant), node.Runner.Reporting(_ => started++), NullLogger.Instance);
        Assert(await applier.ApplyFullAsync(s_rules, default));
        using CancellationTokenSource end = new();
        Task writing = Task.Run(() =>
        {
            while (!end.IsCancellationRequested)
            {
                node.Run("iptables-" + variant, "", "-w", "-t", "nat", "-N", "CNI-HOSTPORT-DNAT");
                node.Run("iptables-" + variant, "", "-w", "-t", "nat", "-X", "CNI-HOSTPORT-DNAT");
            }
        });

        started = 0;
        for (int look = 1; look <= 20; look++)
        {
            (await applier.LookAsync(default)).Should().Be(Integrity.Intact);
            started.Should().Be(look);
        }

        await end.CancelAsync();
        await writing;
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task RulesOfKubeProxyForOtherServicesAreTakenOver(string variant)
    {
        // IPv6, since kube-proxy rewrites KUBE-FIREWALL for IPv4.
        IptablesTools tools = TestNode.Tools(IpFamily.IPv6, variant);
        string[] wait = ["-w", "5"];
        using TestNode node = CreateOrSkip(variant);
        node.Run("nfacct", "", "add", IptablesOptions.InvalidDropCounterName);
        node.Run(tools.Restore, Recorded(RecordedCases.CaseDirectory("random-101"), IpFamily.IPv6, "nft"), wait);
        node.Run(tools.Command, "", [.. wait, "-A", "KUBE-FIREWALL", "-d", "2001:db8::9/128", "-j", "DROP"]);
        node.Run(tools.Command, "", [.. wait, "-I", "INPUT", "-s", "2001:db8::8/128", "-j", "ACCEPT"]);
        node.Run(tools.Command, "", [.. wait, "-t", "nat", "-N", "KUBE-SVC-of-somebody"]);
        FamilyRules rules = Samples.Model([], []).IPv6;

        Assert(await node.Iptables(IpFamily.IPv6, variant).ApplyFullAsync(rules, default));

        string[] taken = node.Save(IpFamily.IPv6, variant);
        string[] others = ["-d 2001:db8::9/128 -j DROP", "-s 2001:db8::8/128 -j ACCEPT", ":KUBE-SVC-of-somebody"];
        others.Should().AllSatisfy(rule => taken.Should().Contain(line => line.Contains(rule, StringComparison.Ordinal)));
        using TestNode fresh = CreateOrSkip(variant);
        Assert(await fresh.Iptables(IpFamily.IPv6, variant).ApplyFullAsync(rules, default));
        taken.Where(line => !others.Any(line.Contains)).Should().Equal(fresh.Save(IpFamily.IPv6, variant));
    }

    [SkippableTheory]
    [InlineData("nft", IpFamily.IPv4)]
    [InlineData("legacy", IpFamily.IPv6)]
    public async Task UpdatesEndInTheRulesOfAFullLoad(string variant, IpFamily family)
    {
        RandomCluster cluster = new(77);
        RuleModelSnapshot model = Samples.Model([], []);
        using TestNode node = CreateOrSkip(variant);
        IptablesApplier applier = node.Iptables(family, variant);
        Assert(await applier.ApplyFullAsync(model[family], default));
        for (int step = 0; step < 40; step++)
        {
            cluster.Change();
            RuleModelSnapshot next = Samples.Model(cluster.Services, cluster.Slices);
            RuleModelChange change = RuleModelBuilder.Compare(model, next);
            FamilyChange part = family == IpFamily.IPv4 ? change.IPv4 : change.IPv6;
            applier.CanUpdate(part).Should().BeTrue();
            Assert(await applier.ApplyUpdateAsync(part, default));
            model = next;
        }

        using TestNode fresh = CreateOrSkip(variant);
        Assert(await fresh.Iptables(family, variant).ApplyFullAsync(model[family], default));
        node.Save(family, variant).Should().Equal(fresh.Save(family, variant));
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task FiguresTellWhatIsWrittenAndWhatShouldBeThere(string variant)
    {
        RuleModelSnapshot none = Samples.Model([], []);
        RuleModelSnapshot one = Samples.Model([Samples.Service], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]);
        RuleModelSnapshot two = Samples.Model(
            [Samples.Service, Samples.Service with { Name = new("shop", "db"), ClusterIP = "10.96.0.11", ClusterIPs = ["10.96.0.11"] }],
            [Samples.Slice(Samples.Endpoint("10.244.0.1")), Samples.Slice(Samples.Endpoint("10.244.0.2")) with { Name = new("shop", "db-1"), ServiceName = "db" }]);
        using TestNode node = CreateOrSkip(variant);
        IptablesApplier applier = node.Iptables(IpFamily.IPv4, variant);

        Assert(await applier.ApplyFullAsync(one.IPv4, default));
        ApplyFigures full = applier.Figures!;
        Assert(await applier.ApplyUpdateAsync(RuleModelBuilder.Compare(one, two).IPv4, default));
        ApplyFigures added = applier.Figures!;
        Assert(await applier.ApplyUpdateAsync(RuleModelBuilder.Compare(two, none).IPv4, default));
        ApplyFigures removed = applier.Figures!;

        full.NatTotal.Should().Be(full.Written!.Value.Nat);
        full.TextBytes.Should().BePositive();
        added.NatTotal.Should().Be(full.NatTotal + 5, "spec 10.1 says so");
        added.Written!.Value.Nat.Should().Be(full.NatTotal + 1, "of the unchanged Service only its rule in KUBE-SERVICES is written");
        removed.NatTotal.Should().Be(full.NatTotal - 5);
    }

    [SkippableFact]
    public async Task CountersAreReadFromTheKernel()
    {
        using TestNode node = CreateOrSkip("nft");
        NfacctCounters counters = new(node.Runner.Network, NullLogger.Instance);
        counters.Packets(IptablesOptions.InvalidDropCounterName).Should().BeNull("nobody has made it");
        Assert(await node.Iptables(IpFamily.IPv4, "nft").ApplyFullAsync(s_rules, default));
        counters.Packets(IptablesOptions.InvalidDropCounterName).Should().Be(0);
        node.Run("iptables-nft", "", "-w", "5", "-A", "OUTPUT", "-m", "nfacct", "--nfacct-name", IptablesOptions.InvalidDropCounterName, "-j", "DROP");
        node.Run("ip", "", "link", "set", "lo", "up");

        node.Run("bash", "", "-c", "for _ in 1 2 3; do echo > /dev/udp/127.0.0.1/9; done 2>/dev/null; true");

        counters.Packets(IptablesOptions.InvalidDropCounterName).Should().Be(3);
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task ADeletedJumpRuleComesBackAlone(string variant)
    {
        using TestNode node = CreateOrSkip(variant);
        IptablesApplier applier = node.Iptables(IpFamily.IPv4, variant);
        Assert(await applier.ApplyFullAsync(s_rules, default));
        string[] before = node.Save(IpFamily.IPv4, variant);
        JumpRule last = JumpRule.All.Last(jump => jump.Chain == "FORWARD");
        node.Run(TestNode.Tools(IpFamily.IPv4, variant).Command, "", ["-w", "5", "-D", last.Chain, "-t", last.Table, .. last.Arguments()]);
        node.Save(IpFamily.IPv4, variant).Should().NotEqual(before);

        Assert(await applier.ApplyFullAsync(s_rules, default));

        node.Save(IpFamily.IPv4, variant).Should().Equal(before);
    }

    /// <summary>What the kernel refuses, and what the tool itself does.</summary>
    [SkippableTheory]
    [InlineData("nft", "-A KUBE-SERVICES -m nfacct --nfacct-name missing -j ACCEPT")]
    [InlineData("nft", "-A KUBE-SERVICES -j KUBE-NOWHERE")]
    [InlineData("legacy", "-A KUBE-SERVICES -m nfacct --nfacct-name missing -j ACCEPT")]
    [InlineData("legacy", "-A KUBE-SERVICES -d 1.2.3.400 -j ACCEPT")]
    public async Task ARefusedRuleLeavesTheOldOnesInForceAndIsShown(string variant, string rule)
    {
        using TestNode node = CreateOrSkip(variant);
        Assert(await node.Iptables(IpFamily.IPv4, variant).ApplyFullAsync(s_rules, default));
        string[] before = node.Save(IpFamily.IPv4, variant);

        ToolCall call = new(TestNode.Tools(IpFamily.IPv4, variant).Restore, "-w", "5", "--noflush");
        using Transaction transaction = new(node.Runner, call);
        transaction.Write(System.Text.Encoding.ASCII.GetBytes($"*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -j RETURN\n{rule}\nCOMMIT\n"));
        ApplyResult result = await transaction.CommitAsync(default);

        result.Outcome.Should().Be(ApplyOutcome.Refused);
        result.Error.Should().Contain(" 4: " + rule);
        node.Save(IpFamily.IPv4, variant).Should().Equal(before);
    }

    [SkippableFact]
    public async Task ALockThatSomebodyHoldsMakesItUnavailable()
    {
        using TestNode node = CreateOrSkip("legacy");
        IptablesApplier applier = node.Iptables(IpFamily.IPv4, "legacy");
        Assert(await applier.ApplyFullAsync(s_rules, default));
        string[] before = node.Save(IpFamily.IPv4, "legacy");
        FamilyRules other = Samples.Model([], []).IPv4;
        ApplyResult result;
        using (FileStream held = new(node.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            // FileShare.None is an exclusive flock, which is what iptables waits for.
            result = await applier.ApplyFullAsync(other, default);
        }

        result.Outcome.Should().Be(ApplyOutcome.Unavailable);
        result.Error.Should().Contain("xtables lock");
        node.Save(IpFamily.IPv4, "legacy").Should().Equal(before);
        Assert(await applier.ApplyFullAsync(other, default));
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task AToolThatIsKilledInTheMiddleLeavesTheOldRulesInForce(string variant)
    {
        using TestNode node = CreateOrSkip(variant);
        Assert(await node.Iptables(IpFamily.IPv4, variant).ApplyFullAsync(s_rules, default));
        string[] before = node.Save(IpFamily.IPv4, variant);
        using CancellationTokenSource stop = new();
        ToolCall call = new(TestNode.Tools(IpFamily.IPv4, variant).Restore, "-w", "5", "--noflush");
        using Transaction transaction = new(node.Runner.Reporting(_ => stop.Cancel()), call);
        transaction.Write("*nat\n:KUBE-SERVICES - [0:0]\n"u8);
        for (int line = 0; line < 20_000; line++)
        {
            transaction.Write("-A KUBE-SERVICES -j RETURN\n"u8);
        }

        Func<Task> cancelled = () => transaction.CommitAsync(stop.Token);

        await cancelled.Should().ThrowAsync<OperationCanceledException>();
        node.Save(IpFamily.IPv4, variant).Should().Equal(before);
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task TwoAppliersAtOnceDoNotBreakEachOther(string variant)
    {
        FamilyRules rules = ModelLoader.ReadCase(RecordedCases.CaseDirectory("mix-50-services"), "iptables").IPv4;
        using TestNode node = CreateOrSkip(variant);
        IptablesApplier[] appliers = [node.Iptables(IpFamily.IPv4, variant), node.Iptables(IpFamily.IPv4, variant)];
        Assert(await appliers[0].ApplyFullAsync(rules, default));
        string[] expected = node.Save(IpFamily.IPv4, variant);

        for (int round = 0; round < 5; round++)
        {
            ApplyResult[] results = await Task.WhenAll(appliers.Select(applier => Task.Run(() => applier.ApplyFullAsync(rules, default))));
            results.Should().AllSatisfy(Assert);
        }

        node.Save(IpFamily.IPv4, variant).Should().Equal(expected);
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task TryingChangesNothingAndFindsWhatTheKernelRefuses(string variant)
    {
        using TestNode node = CreateOrSkip(variant);
        IptablesApplier applier = node.Iptables(IpFamily.IPv4, variant);
        Assert(await applier.ApplyFullAsync(Samples.Model([], []).IPv4, default));
        string[] before = node.Save(IpFamily.IPv4, variant);

        Assert(await applier.TryAsync(s_rules, default));

        node.Save(IpFamily.IPv4, variant).Should().Equal(before);
    }

    /// <summary>Groups that are tried in turn make the rules of a full restore, and the tool says at which group it ended.</summary>
    [SkippableTheory]
    [InlineData("nft", false)]
    [InlineData("legacy", false)]
    [InlineData("nft", true)]
    [InlineData("legacy", true)]
    public async Task TrialsOfGroupsMakeTheSameRulesAndEndAtTheGroupThatIsRefused(string variant, bool replaces)
    {
        IEnumerable<int> numbers = Enumerable.Range(0, 40);
        FamilyRules[] groups = [.. numbers.Select(static number => Samples.Model([Numbered(number)], [SliceOf(number)]).IPv4)];
        FamilyRules all = Samples.Model(numbers.Select(Numbered), numbers.Select(SliceOf)).IPv4;
        ArrayBufferWriter<byte> text = new();
        IptablesRenderer.WriteTrials(groups, replaces, IptablesOptions.Default with { HasInvalidDropCounter = false, HasLocalhostCounter = false }, text);
        string spoilt = Encoding.UTF8.GetString(text.WrittenSpan).Replace("10.244.0.27:8080\n", "10.244.0.27:8080\n-A KUBE-SERVICES -j KUBE-NOWHERE\n", StringComparison.Ordinal);
        using TestNode full = CreateOrSkip(variant), tried = CreateOrSkip(variant), refusing = CreateOrSkip(variant);
        Assert(await full.Iptables(IpFamily.IPv4, variant).ApplyFullAsync(all, default));

        (ApplyResult result, _) = await RestoreAsync(tried, text.WrittenMemory);
        (ApplyResult refusal, int? mark) = await RestoreAsync(refusing, Encoding.UTF8.GetBytes(spoilt));
        GroupTrial trial = await full.Iptables(IpFamily.IPv4, variant).GroupTrials.TryGroupsAsync(groups, default);

        Assert(result);
        Rules(tried).Except(Rules(full)).Should().BeEmpty();
        Rules(full).Should().HaveCountGreaterThan(40 * 8);
        if (replaces)
        {
            Rules(tried).Should().Contain(Rules(full).Where(static line => line.Contains("shop/s39", StringComparison.Ordinal))).And.NotContain(static line => line.Contains("shop/s38", StringComparison.Ordinal));
        }
        else
        {
            Rules(full).Except(Rules(tried)).Should().BeEmpty();
        }

        refusal.Outcome.Should().Be(ApplyOutcome.Refused);
        mark.Should().Be(27);
        trial.Should().Be(new GroupTrial(40, ApplyResult.Applied));

        // The counters of nfacct are made by the applier alone, and one rule is the last only where it is written once.
        IEnumerable<string> Rules(TestNode node) => node.Save(IpFamily.IPv4, variant)
            .Where(static line => line.Contains("-A KUBE-S", StringComparison.Ordinal) || line.Contains("-A KUBE-FW", StringComparison.Ordinal)
                || line.Contains("-A KUBE-EXT", StringComparison.Ordinal) || line.Contains("-A KUBE-PROXY-FIREWALL", StringComparison.Ordinal) || line.Contains("-A KUBE-NODEPORTS", StringComparison.Ordinal))
            .Where(static line => !line.Contains("must be the last rule", StringComparison.Ordinal) && !line.Contains("-m nfacct", StringComparison.Ordinal));

        async Task<(ApplyResult Result, int? Mark)> RestoreAsync(TestNode node, ReadOnlyMemory<byte> input)
        {
            using Transaction transaction = new(node.Runner, new(TestNode.Tools(IpFamily.IPv4, variant).Restore, replaces ? ["--counters"] : ["--noflush", "--counters"]) { TakesFile = true });
            transaction.Write(input.Span);
            ApplyResult ended = await transaction.CommitAsync(default);
            return (ended, transaction.MarkBefore(ended));
        }

        static Service Numbered(int number) => Samples.LoadBalancer with
        {
            Name = new("shop", $"s{number:00}"),
            ClusterIP = $"10.96.0.{number}",
            ClusterIPs = [$"10.96.0.{number}"],
            Ports = [new ServicePort { Name = "http", Port = 80, NodePort = 30000 + number }],
            LoadBalancerIngress = [new LoadBalancerIngress { Ip = $"198.51.100.{number}" }],
            ExternalIPs = [],
            LoadBalancerSourceRanges = ["192.0.2.0/24"],
            HealthCheckNodePort = 0,
        };

        static EndpointSlice SliceOf(int number) => Samples.Slice(Samples.Endpoint($"10.244.0.{number}")) with
        {
            Name = new("shop", $"s{number:00}-1"),
            ServiceName = $"s{number:00}",
        };
    }

    [SkippableFact]
    public async Task AMissingToolMakesItUnavailable()
    {
        using TestNode node = CreateOrSkip("nft");
        using Transaction transaction = new(node.Runner, new("iptables-that-is-not-there-restore"));
        transaction.Write("x"u8);

        ApplyResult result = await transaction.CommitAsync(default);

        result.Outcome.Should().Be(ApplyOutcome.Unavailable);
        result.Error.Should().Contain("not installed");
    }

    /// <summary>The kubelet's marker decides; without it the variant with more rules; else nft.</summary>
    [SkippableTheory]
    [InlineData("nft", "nft", "-t mangle -N KUBE-KUBELET-CANARY")]
    [InlineData("legacy", "legacy", "-t mangle -N KUBE-IPTABLES-HINT")]
    [InlineData("legacy", "legacy", "-A INPUT -j ACCEPT")]
    [InlineData("legacy", "nft", "-N SOMETHING")]
    public async Task TheVariantOfTheHostIsFound(string variant, string found, string command)
    {
        using TestNode node = TestNode.CreateOrSkip("iptables-nft-save", "iptables-legacy-save");
        node.Run("iptables-" + variant, "", ["-w", "5", .. command.Split(' ')]);

        IptablesVariant chosen = await IptablesProbe.ChooseAsync(node.Runner, default);

        chosen.Should().Be(found == "nft" ? IptablesVariant.Nft : IptablesVariant.Legacy);
        await IptablesProbe.CheckAsync(node.Runner, TestNode.Tools(IpFamily.IPv6, found), default);
    }

    private static TestNode CreateOrSkip(string variant) => TestNode.CreateOrSkip($"iptables-{variant}-restore", $"ip6tables-{variant}-save", "nfacct");

    private static void Assert(ApplyResult result) => result.Should().Be(ApplyResult.Applied);

    private static string Folder(string variant) => variant == "nft" ? "iptables" : "iptables-legacy";

    private static string Recorded(string directory, IpFamily family, string variant) =>
        File.ReadAllText(Path.Combine(directory, Folder(variant), family == IpFamily.IPv4 ? "iptables-save.txt" : "ip6tables-save.txt"));
}
