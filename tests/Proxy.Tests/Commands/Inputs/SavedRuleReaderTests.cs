using System.IO.Compression;
using System.Text;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Inputs;

/// <summary>What a text of saved rules holds shows by itself, in all the forms in which people send it.</summary>
public sealed class SavedRuleReaderTests
{
    private const string Nat =
        """
        *nat
        :PREROUTING ACCEPT [0:0]
        :INPUT ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        :KUBE-SERVICES - [0:0]
        -A PREROUTING -j KUBE-SERVICES
        -A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "shop/web:http cluster IP" -m tcp --dport 80 -j DNAT --to-destination 10.244.0.2:8080
        COMMIT

        """;

    private const string Filter =
        """
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD DROP [0:0]
        :OUTPUT ACCEPT [0:0]
        -A FORWARD -d 10.244.0.0/16 -j ACCEPT
        COMMIT

        """;

    private const string ListedNat =
        """
        -P PREROUTING ACCEPT
        -P INPUT ACCEPT
        -P OUTPUT ACCEPT
        -P POSTROUTING ACCEPT
        -N KUBE-SERVICES
        -A PREROUTING -j KUBE-SERVICES
        -A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "shop/web:http cluster IP" -m tcp --dport 80 -j DNAT --to-destination 10.244.0.2:8080

        """;

    private const string ListedFilter =
        """
        -P INPUT ACCEPT
        -P FORWARD DROP
        -P OUTPUT ACCEPT
        -A FORWARD -d 10.244.0.0/16 -j ACCEPT

        """;

    private const string NftTable = "table ip nat {\n\tchain p {\n\t\ttype nat hook prerouting priority -100; policy accept;\n\t\tip daddr 10.96.0.10 tcp dport 80 dnat to 10.244.0.2:8080\n\t}\n}\n";

    private static readonly IpFamily[] s_both = [IpFamily.IPv4, IpFamily.IPv6];

    /// <summary>Texts that all hold the tables nat and filter above.</summary>
    public static TheoryData<string, string> Forms => new()
    {
        { "plain", Nat + Filter },
        { "other order", Filter + Nat },
        { "iptables -S", ListedFilter + ListedNat },
        { "listings after prompts", "root@node-a:~# iptables -S\n" + ListedFilter + "root@node-a:~# iptables -t nat -S\n" + ListedNat + "root@node-a:~#\n" },
        { "listings after commands", "$ sudo iptables --table nat --list-rules\n" + ListedNat + "\n$ sudo iptables -S\n" + ListedFilter },
        { "a listing with counters", (ListedFilter + ListedNat).Replace(" ACCEPT\n", " ACCEPT -c 10 20\n", StringComparison.Ordinal).Replace(" -j DNAT", " -c 5 300 -j DNAT", StringComparison.Ordinal) },
        { "fences", "```\n$ sudo iptables-save\n" + Nat + Filter + "```\n" },
        { "prose around fences", "This is the node:\n```shell\n[root@node ~]# iptables-save | grep -v \"^#\"\n" + Nat + Filter + "```\nand that is all.\n" },
        { "two fences", "nat:\n```\n" + Nat + "```\nfilter:\n```\n" + Filter + "```\n" },
        { "a container's shell", "/ # iptables-save\n" + Nat + Filter + "/ # \n" },
        { "a command without prompt", "docker exec kind-control-plane iptables-save\n" + Nat + Filter },
        { "a command in a pod", "$ kubectl -n kube-system exec kube-proxy-x7k2p -- iptables-save\n" + Nat + Filter },
        { "another command after it", "bash-5.1# iptables-save\n" + Nat + Filter + "bash-5.1# hostname\nnode-a\n" },
        { "counters", (Nat + Filter).Replace("-A ", "[12:3456] -A ", StringComparison.Ordinal) },
        { "Windows", (Nat + Filter).Replace("\n", "\r\n", StringComparison.Ordinal) },
        { "indented", string.Concat((Nat + Filter).Split('\n').Select(static line => $"    {line}\n")) },
        { "quoted in mail", string.Concat((Nat + Filter).Split('\n').Select(static line => $"> {line}\n")) },
        { "dashes of a web page", (Nat + Filter).Replace("-A ", "\u2013A ", StringComparison.Ordinal).Replace("--comment", "\u2013\u2013comment", StringComparison.Ordinal).Replace("--dport", "\u2014dport", StringComparison.Ordinal) },
        { "quotes of a web page", (Nat + Filter).Replace("\"shop", "\u201cshop", StringComparison.Ordinal).Replace("IP\"", "IP\u201d", StringComparison.Ordinal) },
        { "blanks of a web page", (Nat + Filter).Replace(" -d", "\u00a0-d", StringComparison.Ordinal) },
    };

    [Theory]
    [InlineData("iptables/iptables-save.txt", "IPv4")]
    [InlineData("iptables/ip6tables-save.txt", "IPv6")]
    [InlineData("nftables/nft.json", "IPv4 IPv6")]
    [InlineData("nftables/nft.txt", "IPv4 IPv6")]
    public void DumpsOfAllKindsAreTold(string file, string families)
    {
        IReadOnlyList<Ruleset> read = new SavedRuleReader(s_both, static () => Stream.Null).Read([new(Path.Combine(RecordedCases.CaseDirectory("dual-stack"), file))]).Families;

        string.Join(' ', read.Select(rules => rules.Family)).Should().Be(families);
        read.Should().AllSatisfy(rules => rules.Tables.SelectMany(table => table.Chains.Values).SelectMany(chain => chain.Rules).Should().HaveCountGreaterThan(20));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void EveryFormHoldsTheSameRules(string form, string text)
    {
        Describe(Read(text)).Should().Be(Describe(Read(Nat + Filter)), form);
    }

    [Fact]
    public void ReportsHaveHeadingsAndChatterAroundListings()
    {
        SavedRules rules = Read("Starting pod/node-a-debug ...\n==== iptables-save ====\n" + Nat + Filter + "==== ip route ====\ndefault via 192.0.2.1 dev eth0\n\nRemoving debug pod ...\n");

        rules.Of(IpFamily.IPv4)!.Tables.Should().HaveCount(2);
    }

    [Fact]
    public void ATableThatIsGivenTwiceAlikeIsFollowedOnce()
    {
        SavedRules rules = Read("# iptables-save\n" + Nat + Filter + "# iptables -t nat -S\n" + ListedNat);

        rules.Of(IpFamily.IPv4)!.Tables.Should().HaveCount(2);
        rules.Notes.Should().ContainSingle(note => note.Contains("given twice with the same rules"));
    }

    [Fact]
    public void RulesOfTwoNodesAreNotFollowedAsOne()
    {
        string other = Nat.Replace("10.244.0.2", "10.244.0.3", StringComparison.Ordinal);

        FluentActions.Invoking(() => Read("### node-a ###\n" + Nat + Filter + "### node-b ###\n" + other + Filter)).Should().Throw<InputException>()
            .WithMessage("*table nat (IPv4) is given again, with other rules than from line 2 on; give the rules of one node at one time*");
        Read("# iptables-legacy-save\n" + Nat + Filter + "# iptables-nft-save\n" + other).Of(IpFamily.IPv4)!.Tables.Should().HaveCount(3);
    }

    [Fact]
    public void NamesOfTablesAreNoRules() =>
        FluentActions.Invoking(() => Read("table ip filter\ntable ip nat\n")).Should().Throw<InputException>().WithMessage("*has tables without any chain, as \"nft list tables\" prints them*");

    [Fact]
    public void OneTableOfNftIsNotAllOfThem() =>
        Read("$ nft list table ip nat\n" + NftTable).Notes.Should().ContainSingle().Which.Should().Contain("only nat was listed");

    [Fact]
    public void EncodingsAndGzipDoNotMatter()
    {
        byte[] plain = Encoding.UTF8.GetBytes(Nat + Filter);
        string expected = Describe(Read(Nat + Filter));
        foreach (byte[] content in (byte[][])
        [
            [0xef, 0xbb, 0xbf, .. plain],
            [0xff, 0xfe, .. Encoding.Unicode.GetBytes(Nat + Filter)],
            [0xfe, 0xff, .. Encoding.BigEndianUnicode.GetBytes(Nat + Filter)],
            Encoding.Unicode.GetBytes(Nat + Filter),
            Packed(plain),
            Packed([0xff, 0xfe, .. Encoding.Unicode.GetBytes(Nat + Filter)]),
        ])
        {
            Describe(Read(content)).Should().Be(expected);
        }
    }

    [Theory]
    [InlineData("\n# a remark\n# another\ntable ip t {\n\tchain c {\n\t\taccept\n\t}\n}\n")]
    [InlineData("add table ip t\nadd chain ip t c\nadd rule ip t c accept\n")]
    [InlineData("flush ruleset\ntable ip t {\n\tchain c {\n\t\taccept\n\t}\n}\n")]
    [InlineData("```\n# nft list ruleset\ntable ip t {\n\tchain c {\n\t\taccept\n\t}\n}\n```\n")]
    [InlineData("root@node:~# nft list ruleset\ntable ip t {\n\tchain c {\n\t\taccept\n\t}\n}\nroot@node:~#\n")]
    [InlineData("{\"nftables\": [{\"table\": {\"family\": \"ip\", \"name\": \"t\"}}, {\"chain\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"c\"}}, {\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": \"c\", \"expr\": [{\"accept\": null}]}}]}")]
    [InlineData("```json\n{\"nftables\": [{\"table\": {\"family\": \"ip\", \"name\": \"t\"}}, {\"chain\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"c\"}}, {\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": \"c\", \"expr\": [{\"accept\": null}]}}]}\n```\n")]
    [InlineData("# Generated by iptables-save v1.8.9\n*t\n:c - [0:0]\n-A c -j ACCEPT\nCOMMIT\n")]
    public void RemarksBeforeDoNotMatter(string text)
    {
        WalkTable table = Read(text).Families[0].Tables.Should().ContainSingle().Which;

        table.Name.Should().Be("t");
        table.Chains["c"].Rules.Should().ContainSingle().Which.Steps[0].Should().Be(new RuleStep.Verdict(WalkVerdict.Accept));
    }

    [Theory]
    [InlineData("hello\n", "line 1: \"hello\" is outside a table")]
    [InlineData("table ip t {\n", "line 2: a block is not closed")]
    [InlineData("{\n", "line 2: ")]
    [InlineData("```\nhello *nat\n", "line 2: \"hello *nat\" is outside a table")]
    public void ErrorsNameTheFileAndWhatMayBeGiven(string text, string reason)
    {
        Failure(text).Should().Contain(": " + reason).And.Contain("iptables-save, ip6tables-save, \"nft list ruleset\" or \"nft -j list ruleset\"");
    }

    [Theory]
    [InlineData("", "is empty; iptables-save and nft print nothing without root")]
    [InlineData("\n \r\n", "is empty")]
    [InlineData("# Generated by iptables-save v1.8.9\n# Completed on Sat\n", "holds no rules")]
    [InlineData("iptables-save v1.8.7 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n", "without root; run it with sudo")]
    [InlineData("Chain INPUT (policy ACCEPT)\ntarget     prot opt source               destination\n", "is a listing of \"iptables -L\", which leaves out interfaces and other parts of rules; give what \"sudo iptables-save\" prints (or \"sudo iptables -t filter -S\")")]
    [InlineData("# iptables -t nat -vnL\nChain PREROUTING (policy ACCEPT 1 packets, 60 bytes)\n pkts bytes target\n", "sudo iptables -t nat -S")]
    [InlineData("# iptables-save | grep KUBE\n*nat\nCOMMIT\n", "line 1: \"| grep KUBE\" leaves rules out")]
    [InlineData("# iptables -t nat -S KUBE-SERVICES\n-N KUBE-SERVICES\n-A KUBE-SERVICES -d 10.96.0.10/32 -j ACCEPT\n", "\"-S KUBE-SERVICES\" leaves rules out")]
    [InlineData("-A KUBE-SERVICES -d 10.96.0.10/32 -j ACCEPT\n", "the table that these rules are in is not said; put the command that listed them before them")]
    [InlineData("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -d ! 10.0.0.0/8 -j ACCEPT\nCOMMIT\n", "line 3: \"-d ! 10.0.0.0/8\": iptables-restore refuses \"!\" after its option; write \"! -d 10.0.0.0/8\"")]
    [InlineData("*filter\n:FORWARD DROP [0:0]\n# (snip)\nCOMMIT\n", "line 3: \"# (snip)\" says that rules are left out")]
    [InlineData("*filter\n:FORWARD DROP [0:0]\n# ... 200 more\nCOMMIT\n", "line 3: \"# ... 200 more\" says that rules are left out")]
    [InlineData("*filter\n:FORWARD DROP [0:0]\n#[...]\nCOMMIT\n", "line 3: \"#[...]\" says that rules are left out")]
    [InlineData("*filter\n:FORWARD DROP [0:0]\n# output truncated\nCOMMIT\n", "line 3: \"# output truncated\" says that rules are left out")]
    [InlineData("*filter\n:FORWARD DROP [0:0]\n## <snipped>\nCOMMIT\n", "line 3: \"## <snipped>\" says that rules are left out")]
    [InlineData("> *filter\n> :FORWARD DROP [0:0]\n> # snip\n> COMMIT\n", "line 3: \"# snip\" says that rules are left out")]
    [InlineData("table ip filter {\n\tchain c {\n\t\t# ...\n\t}\n}\n", "line 3: \"# ...\" says that rules are left out")]
    [InlineData("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -d {{ .Values.pods }} -j ACCEPT\nCOMMIT\n", "line 3: is a template that was not rendered")]
    [InlineData("*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.1\u20138080\nCOMMIT\n", "line 3, column 55: '\u2013' (U+2013)")]
    [InlineData("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -s 10.0.0.1/32 -m comment --comment \u201copen -j ACCEPT\nCOMMIT\n", "line 3, column 48: '\u201c' (U+201C)")]
    [InlineData("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -s 10.0.0.1/32 -j ACCEPT\n-A FORWARD -s fd00::1/128 -j ACCEPT\nCOMMIT\n", "line 4: fd00::1/128 is an IPv6 address, among IPv4 rules")]
    [InlineData("# Generated by ip6tables-save v1.8.9\n*filter\n:FORWARD DROP [0:0]\n-A FORWARD -s 10.0.0.1/32 -j ACCEPT\nCOMMIT\n", "line 4: an IPv4 rule in table filter, which is said to be of IPv6")]
    [InlineData("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i eth0 -j ACCEPT\nCOMMIT\n", "nothing in table filter shows whether its rules are of IPv4 or IPv6; say it with --rules4 or --rules6")]
    public void WhatCannotBeReadIsRefusedWithWhatIsWanted(string text, string reason)
    {
        Failure(text).Should().Contain(reason);
    }

    [Theory]
    [InlineData(new byte[] { 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00 }, "is compressed by xz; unpack it first (xz -d)")]
    [InlineData(new byte[] { 0x1f, 0x8b, 0x08, 0x00 }, "is not whole gzip data")]
    [InlineData(new byte[] { 0x1f, 0x8b, 0x09, 0x00, 0, 0, 0, 0, 0, 0, 0, 0 }, "is not whole gzip data")]
    [InlineData(new byte[] { 0x2a, 0x6e, 0x61, 0x00, 0x74 }, "is not text")]
    public void WhatIsNoTextIsRefused(byte[] content, string reason)
    {
        FluentActions.Invoking(() => Read(content)).Should().Throw<InputException>().WithMessage($"*{reason}*");
    }

    /// <summary>A small file may unpack to a very large one.</summary>
    [Fact]
    public void WhatGzipUnpacksIsBounded()
    {
        string path = Write(Packed(new byte[(4 * 1024 * 1024) + 1]));

        FluentActions.Invoking(() => SavedText.Read(path, static () => Stream.Null, mostBytes: 4 * 1024 * 1024)).Should().Throw<InputException>().WithMessage("*unpacked it is longer than 4 MB*");
    }

    [Theory]
    [InlineData("-A FORWARD -d fd00:5::/64 -j DROP", "IPv6")]
    [InlineData("-A FORWARD -d 10.0.0.0/8 -j DROP", "IPv4")]
    [InlineData("-A FORWARD -p ipv6-icmp -j ACCEPT", "IPv6")]
    [InlineData("-A FORWARD -p icmp -m icmp --icmp-type 8 -j ACCEPT", "IPv4")]
    [InlineData("-A FORWARD -p tcp -j REJECT --reject-with icmp6-port-unreachable", "IPv6")]
    [InlineData("-A FORWARD -p tcp -j REJECT --reject-with icmp-port-unreachable", "IPv4")]
    [InlineData("-A FORWARD -p tcp -m comment --comment \"to 10.0.0.1 and more\" -j DNAT --to-destination [fd00::1]:80", "IPv6")]
    public void TheFamilyShowsByWhatRulesName(string rule, string family)
    {
        Read($"*filter\n:FORWARD ACCEPT [0:0]\n{rule}\nCOMMIT\n").Families.Should().ContainSingle().Which.Family.ToString().Should().Be(family);
    }

    /// <summary>As the output of a dry run for both families after <c>grep -v '^#'</c>.</summary>
    [Fact]
    public void BothFamiliesMayStandInOneFile()
    {
        SavedRules rules = Read(Nat + Filter + Nat.Replace("10.244.0.2:8080", "[fd00::2]:8080", StringComparison.Ordinal).Replace("10.96.0.10/32", "fd00::10/128", StringComparison.Ordinal) + Filter.Replace("10.244.0.0/16", "fd00::/64", StringComparison.Ordinal));

        rules.Families.Select(static read => $"{read.Family}: {string.Join(' ', read.Tables.Select(static table => table.Name))}").Should().Equal("IPv4: nat filter", "IPv6: nat filter");
        rules.Notes.Should().BeEmpty();
    }

    [Fact]
    public void TablesWithoutASignOfTheirFamilyAreThoseOfTheOtherOne()
    {
        SavedRules rules = Read(Filter + "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i eth0 -j ACCEPT\nCOMMIT\n");

        rules.Families.Select(static read => read.Family).Should().Equal(IpFamily.IPv4, IpFamily.IPv6);
        rules.Notes.Should().Contain(static note => note.Contains("from line 7 on shows their family; taken for IPv6", StringComparison.Ordinal));
    }

    [Fact]
    public void AnOptionSaysTheFamily()
    {
        string path = Write(Encoding.UTF8.GetBytes("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i eth0 -j ACCEPT\nCOMMIT\n"));

        new SavedRuleReader(s_both, static () => Stream.Null).Read([new(path, IpFamily.IPv6)]).Families.Should().ContainSingle().Which.Family.Should().Be(IpFamily.IPv6);
    }

    [Fact]
    public void WhatIsNotInTheInputIsSaid()
    {
        Read(Nat).Notes.Should().ContainSingle().Which.Should().Contain("the input has no table filter of IPv4");
        Read(Filter).Notes.Should().ContainSingle().Which.Should().Contain("the input has no table nat of IPv4");
        Read(Nat + Filter).Notes.Should().BeEmpty();
        Read("# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n" + Nat + Filter).Notes.Should().ContainSingle().Which.Should().Contain("iptables-legacy-save");
    }

    [Theory]
    [InlineData("# Warning: table ip nat is managed by iptables-nft, do not touch!\ntable ip nat {\n\tchain KUBE-SERVICES {\n\t\tip daddr 10.96.0.10 xt target \"DNAT\"\n\t}\n}\n")]
    [InlineData("table ip nat {\n\tchain KUBE-SERVICES {\n\t\tip daddr 10.96.0.10 # xt_comment counter packets 0 bytes 0 jump X\n\t}\n\tchain X {\n\t}\n}\n")]
    [InlineData("{\"nftables\": [{\"table\": {\"family\": \"ip\", \"name\": \"nat\"}}, {\"chain\": {\"family\": \"ip\", \"table\": \"nat\", \"name\": \"KUBE-SERVICES\"}}, {\"rule\": {\"family\": \"ip\", \"table\": \"nat\", \"chain\": \"KUBE-SERVICES\", \"expr\": [{\"xt\": {\"type\": \"target\", \"name\": \"DNAT\"}}]}}]}")]
    public void TablesThatOnlyIptablesCanListAreRefusedUnlessItDid(string listing)
    {
        SavedRules alone = Read(listing);
        string nft = Write(Encoding.UTF8.GetBytes(listing));
        SavedRules both = new SavedRuleReader(s_both, static () => Stream.Null).Read([new(nft), new(Write(Encoding.UTF8.GetBytes(Nat + Filter)))]);

        FluentActions.Invoking(() => alone.RefuseOpaque(alone.Of(IpFamily.IPv4)!, onlyKubeProxys: true)).Should().Throw<InputException>().WithMessage("*table nat (IPv4) was written by iptables-nft*give what iptables-save prints*");
        both.RefuseOpaque(both.Of(IpFamily.IPv4)!, onlyKubeProxys: false);
        both.Of(IpFamily.IPv4)!.Tables.Select(static table => table.Name).Should().BeEquivalentTo("nat", "filter");
    }

    [Fact]
    public void TablesOfNftAloneAreNotRefused()
    {
        SavedRules rules = Read("# Warning: table ip nat is managed by iptables-nft, do not touch!\n" + NftTable);

        rules.RefuseOpaque(rules.Of(IpFamily.IPv4)!, onlyKubeProxys: false);
    }

    /// <summary>Any text gives rules or an error that names the file.</summary>
    [Fact]
    public void DamagedTextsNeverCrash()
    {
        Random random = new(7);
        foreach (object[] form in Forms)
        {
            byte[] text = Encoding.UTF8.GetBytes((string)form[1]);
            for (int round = 0; round < 40; round++)
            {
                byte[] damaged = [.. text];
                for (int change = random.Next(1, 6); change > 0; change--)
                {
                    damaged[random.Next(damaged.Length)] = (byte)random.Next(1, 256);
                }

                try
                {
                    Read(damaged[..random.Next(damaged.Length)]);
                }
                catch (InputException e)
                {
                    e.Message.Should().Contain(": ");
                }
            }
        }
    }

    private static string Failure(string text) => FluentActions.Invoking(() => Read(text)).Should().Throw<InputException>().Which.Message;

    private static SavedRules Read(string text) => Read(Encoding.UTF8.GetBytes(text));

    private static SavedRules Read(byte[] text)
    {
        string path = Write(text);
        try
        {
            return new SavedRuleReader(s_both, static () => Stream.Null).Read([new(path)]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string Write(byte[] content)
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, content);
        return path;
    }

    private static byte[] Packed(byte[] content)
    {
        using MemoryStream packed = new();
        using (GZipStream stream = new(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            stream.Write(content);
        }

        return packed.ToArray();
    }

    /// <summary>The families, tables, chains, policies and steps of rules, without the texts that they were read from.</summary>
    private static string Describe(SavedRules saved) => string.Join('\n', saved.Families
        .SelectMany(static rules => rules.Tables, static (rules, table) => (rules.Family, Table: table))
        .OrderBy(static entry => entry.Table.Name, StringComparer.Ordinal)
        .SelectMany(static entry => entry.Table.Chains.Values, static (entry, chain) =>
            $"{entry.Family} {entry.Table.Name} {chain.Name} {chain.Hook} {chain.Priority} {chain.Policy}: {string.Join("; ", chain.Rules.Select(static rule => string.Join(", ", rule.Steps.AsSpan().ToArray().Select(static step => step.ToString())) + " " + rule.Comment))}"));
}
