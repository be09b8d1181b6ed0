using System.Text;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Compare;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Compare;

/// <summary>What can be given for a side, exit codes, and what is said when something is missing.</summary>
public sealed class CompareCommandTests : IDisposable
{
    private const string Dump = """
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        -A FORWARD -d 10.0.0.1/32 -j DROP
        COMMIT

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("kps-compare-").FullName;
    private readonly MemoryStream _output = new();
    private readonly StringWriter _errors = new() { NewLine = "\n" };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task SavedRulesOfBothFamiliesAreJoinedByCommas()
    {
        string directory = RecordedCases.CaseDirectory("dual-stack");
        string[] iptables = [Path.Combine(directory, "iptables/iptables-save.txt"), Path.Combine(directory, "iptables/ip6tables-save.txt")];

        (await RunAsync(iptables, iptables)).Should().Be(ExitCode.Success);

        Output.Should().Contain("IPv4: ").And.Contain("IPv6: ").And.Contain("all rules").And.NotContain("not compared");
    }

    [Fact]
    public async Task AFamilyThatOneSideLacksIsNamed()
    {
        string directory = RecordedCases.CaseDirectory("dual-stack");
        string path = Path.Combine(directory, "iptables/iptables-save.txt");

        (await RunAsync([path], [path, Path.Combine(directory, "iptables/ip6tables-save.txt")])).Should().Be(ExitCode.Success);

        Output.Should().Contain("IPv6: not compared, A has no IPv6 rules");
    }

    [Fact]
    public async Task OneDifferentRuleIsADifference()
    {
        (await RunAsync([Write("a", Dump)], [Write("b", Dump.Replace("10.0.0.1", "10.0.0.2"))])).Should().Be(ExitCode.Findings);

        Output.Should().Contain("differs: a packet from 203.0.113.9:40000 via other0 to 10.0.0.1:80/tcp")
            .And.Contain("A: dropped\n       forward: filter/FORWARD rule 1 drops: -A FORWARD -d 10.0.0.1/32 -j DROP\n    B: passes unchanged\n       no rule does anything with it")
            .And.Contain("different: 2 destinations differ");
    }

    [Fact]
    public async Task WhatIsNotUnderstoodCannotBeTold()
    {
        string strange = Dump.Replace("-j DROP", "-m u32 --u32 0x0=0x1 -j DROP");

        (await RunAsync([Write("a", Dump)], [Write("b", strange)])).Should().Be(ExitCode.CannotTell);
        (await RunAsync([Write("a", strange)], [Write("b", strange)])).Should().Be(ExitCode.Success);

        Output.Should().Contain("may differ: ").And.Contain("if \"-m u32 --u32 0x0=0x1\" does not match").And.Contain("cannot tell: ");
    }

    /// <summary>What others do on the node is theirs when rules are compared with manifests.</summary>
    [Fact]
    public async Task RulesOfOthersCountOnlyIfAsked()
    {
        string directory = RecordedCases.CaseDirectory("clusterip-1-endpoint");
        string recorded = await File.ReadAllTextAsync(Path.Combine(directory, "iptables/iptables-save.txt"));
        string path = Write("rules", recorded.Replace("-A FORWARD", "-A FORWARD -d 10.9.9.9/32 -j DROP\n-A FORWARD"));
        string manifests = Path.Combine(directory, "objects.json");
        string config = Path.Combine(directory, "config.yaml");

        (await RunAsync([path], [manifests], config: config)).Should().Be(ExitCode.Success, Output + _errors);
        (await RunAsync([path], [manifests], comparesAll: true, config: config)).Should().Be(ExitCode.Findings);
    }

    [Theory]
    [InlineData("a.txt", "missing.yaml", "missing.yaml")]
    [InlineData("a.txt,m.yaml", "a.txt", "saved rules and manifests on one side")]
    [InlineData("broken.txt", "a.txt", "broken.txt: line 2")]
    [InlineData("-", "-", "both sides are standard input")]
    public async Task WhatCannotBeComparedIsAnError(string a, string b, string words)
    {
        Write("a.txt", Dump);
        Write("m.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: n}\n");
        Write("broken.txt", "*filter\n");

        (await RunAsync(Paths(a), Paths(b))).Should().Be(ExitCode.Failure);

        _errors.ToString().Should().Contain("error: ").And.Contain(words);

        string[] Paths(string side) => [.. side.Split(',').Select(name => name == "-" ? name : Path.Combine(_directory, name))];
    }

    [Fact]
    public async Task EqualTextsAreEqualAtOnce()
    {
        (await RunAsync([Write("a", Dump)], [Write("b", Dump)])).Should().Be(ExitCode.Success);

        Output.Should().Contain("IPv4: both sides have the same text: no difference").And.Contain("equal: both do the same with every packet");
    }

    /// <summary>A rule whose map has no value for a packet ends there, and the next one counts; a packet that a zone makes tracked again is translated.</summary>
    [Theory]
    [InlineData("type filter hook forward priority filter; meta l4proto tcp meta mark set tcp dport map { 80 : 1 } accept; drop;", "type filter hook forward priority filter; meta l4proto tcp meta mark set tcp dport map { 80 : 1 } accept; accept;")]
    [InlineData("type filter hook prerouting priority raw; notrack; ct zone set 1;", "type filter hook prerouting priority raw; notrack;")]
    public async Task ChainsThatDifferAreNotCalledEqual(string chainA, string chainB)
    {
        const string Nat = "chain nat { type nat hook prerouting priority dstnat; ip daddr 198.51.100.7 dnat to 10.0.0.1; }";

        (await RunAsync([Write("a", Table(chainA))], [Write("b", Table(chainB))])).Should().NotBe(ExitCode.Success, Output);

        static string Table(string chain) => $"table ip t {{\n chain c {{ {chain} }}\n {Nat}\n}}\n";
    }

    /// <summary>A rule of INPUT for one address concerns only a node that has it, which saved rules do not say.</summary>
    [Fact]
    public async Task WithoutAddressesOfTheNodeEqualIsConditional()
    {
        const string Rules = "# Generated by iptables-save v1.8.9\n*filter\n:INPUT DROP [0:0]\n-A INPUT -d 198.51.100.7/32 -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n";
        string a = Write("a", Rules);
        string b = Write("b", Rules.Replace("ACCEPT", "DROP", StringComparison.Ordinal));

        (await RunAsync([a], [b])).Should().Be(ExitCode.Success);

        Output.Should().Contain("the node has 192.0.2.1").And.Contain("(assumed; --node-address gives its addresses)")
            .And.Contain("equal: both do the same with every packet, unless an address that rules name is the node's own (--node-address)");
    }

    [Fact]
    public async Task ATimeThatIsOverIsUndetermined()
    {
        string[] lines = [.. GeneratedFirewall.Lines("flat", 300, seed: 1)];
        string a = Write("a", string.Join('\n', lines) + "\n");
        string b = Write("b", string.Join('\n', lines.Select(static line => line.Replace(":OUTPUT ACCEPT", ":OUTPUT DROP", StringComparison.Ordinal))) + "\n");

        (await RunAsync([a], [b], limit: TimeSpan.FromTicks(1))).Should().Be(ExitCode.CannotTell);

        Output.Should().MatchRegex("not decided within 0 s \\(--timeout\\): equal in 0 of [0-9]+ destinations, the rest not decided");
    }

    [Theory]
    [InlineData("-A FORWARD -d 10.0.0.1/32 -j DROP", "-A FORWARD -d fd00::1/128 -j DROP", "there is no family that both sides have rules of")]
    [InlineData("-A FORWARD -d 10.0.0.1/32 -j DROP", "-A FORWARD -i eth0 -j DROP", "nothing shows whether some of its rules are of IPv4 or IPv6; say it with ipv4:FILE or ipv6:FILE")]
    public async Task RulesWhoseFamiliesCannotBeComparedAreRefused(string a, string b, string reason)
    {
        string first = Write("a", Dump.Replace("-A FORWARD -d 10.0.0.1/32 -j DROP", a, StringComparison.Ordinal));
        string second = Write("b", Dump.Replace("-A FORWARD -d 10.0.0.1/32 -j DROP", b, StringComparison.Ordinal));

        (await RunAsync([first], [second])).Should().Be(ExitCode.Failure);

        _errors.ToString().Should().Contain(reason);
    }

    [Theory]
    [InlineData("", "is empty; iptables-save and nft print nothing without root")]
    [InlineData("# Generated by iptables-save v1.8.9\n# Completed on Sat\n", "holds neither rules nor Services, EndpointSlices or Nodes")]
    public async Task AnEmptyFileIsNoRuleSet(string text, string reason)
    {
        (await RunAsync([Write("a", text)], [Write("b", Dump)])).Should().Be(ExitCode.Failure);

        _errors.ToString().Should().Contain(reason);
    }

    /// <summary>IPv6 rules without the line that ip6tables-save writes were read as IPv4, and equal.</summary>
    [Fact]
    public async Task RulesOfIPv6WithoutTheirRemarkAreComparedAsSuch()
    {
        string rules = Dump.Replace("10.0.0.1/32", "fd00::1/128", StringComparison.Ordinal);

        (await RunAsync([Write("a", rules)], [Write("b", rules.Replace("fd00::1", "fd00::2", StringComparison.Ordinal))])).Should().Be(ExitCode.Findings);

        Output.Should().Contain("IPv4: not compared").And.Contain("to [fd00::1]:80/tcp");
    }

    [Fact]
    public async Task APrefixSaysTheFamily()
    {
        string path = Write("a", Dump.Replace("-d 10.0.0.1/32", "-i eth0", StringComparison.Ordinal));
        string other = Write("b", Dump.Replace("-d 10.0.0.1/32", "-i eth1", StringComparison.Ordinal));

        (await RunAsync(["ipv6:" + path], ["ipv6:" + other])).Should().Be(ExitCode.Findings);

        Output.Should().Contain("IPv6: ").And.Contain("IPv4: not compared");
    }

    /// <summary>Rules with the same text are different if their sets are.</summary>
    [Theory]
    [InlineData("add s 203.0.113.9\nadd s 203.0.113.8", "add s 203.0.113.8\nadd s 203.0.113.9", ExitCode.Success)]
    [InlineData("add s 203.0.113.8/31", "add s 203.0.113.8\nadd s 203.0.113.9 timeout 60", ExitCode.Success)]
    [InlineData("add s 203.0.113.9", "add s 203.0.113.8", ExitCode.Findings)]
    [InlineData("add s 203.0.113.9", "", ExitCode.Findings)]
    [InlineData("add s 203.0.113.9", null, ExitCode.CannotTell)]
    [InlineData(null, null, ExitCode.Success)]
    public async Task SetsArePartOfTheRules(string? a, string? b, int exit)
    {
        string rules = Dump.Replace("-d 10.0.0.1/32", "-m set --match-set s src", StringComparison.Ordinal);
        string?[] files = [.. new[] { a, b }.Select((entries, side) => entries is null ? null : Write($"sets{side}", $"create s hash:ip\n{entries}\n"))];

        (await RunAsync([Write("a", rules)], [Write("b", rules)], ipsetA: files[0], ipsetB: files[1])).Should().Be(exit, Output + _errors);

        string[] beside = [.. files.Select((file, side) => Write($"beside{side}", rules + (file is null ? "" : File.ReadAllText(file))))];
        (await RunAsync([beside[0]], [beside[1]])).Should().Be(exit, Output + _errors);
    }

    /// <summary>What a set holds that packets are not followed by is not known; whether it is the same on both sides is.</summary>
    [Theory]
    [InlineData("create s hash:mac\nadd s 02:00:00:00:00:01\nadd s 02:00:00:00:00:02", "create s hash:mac hashsize 64\nadd s 02:00:00:00:00:02\nadd s 02:00:00:00:00:01", ExitCode.Success)]
    [InlineData("create s hash:mac\nadd s 02:00:00:00:00:01", "create s hash:mac\nadd s 02:00:00:00:00:02", ExitCode.CannotTell)]
    [InlineData("create s hash:ip bitmask 255.0.255.0\nadd s 10.0.0.1", "create s hash:ip bitmask 255.0.255.0\nadd s 10.0.1.1", ExitCode.CannotTell)]
    public async Task ContentsThatAreNotFollowedCountToo(string a, string b, int exit)
    {
        string rules = Dump.Replace("-d 10.0.0.1/32", "-m set --match-set s src", StringComparison.Ordinal);

        (await RunAsync([Write("a", rules + a)], [Write("b", rules + b)])).Should().Be(exit, Output + _errors);
    }

    /// <summary>A rule that changes a set decides about later packets.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("create s hash:ip\nadd s 203.0.113.9\n")]
    public async Task ARuleThatChangesASetCounts(string sets)
    {
        string rules = Dump.Replace("-d 10.0.0.1/32", "-m set --match-set s src", StringComparison.Ordinal) + sets;
        string changing = rules.Replace("-A FORWARD", "-A INPUT -p tcp --dport 23 -j SET --add-set s src\n-A FORWARD", StringComparison.Ordinal);

        (await RunAsync([Write("a", rules)], [Write("b", changing)])).Should().Be(ExitCode.CannotTell, Output + _errors);
        (await RunAsync([Write("a", changing)], [Write("b", changing + "\n")])).Should().Be(ExitCode.Success, Output + _errors);
    }

    /// <summary>What a rule takes from the connection's mark is not what another rule set before.</summary>
    [Fact]
    public async Task AMarkOfTheConnectionIsNotTheMarkBefore()
    {
        string Rules(int mark) => $"*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j MARK --set-xmark 0x1/0xffffffff\n-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff\n-A PREROUTING -m mark --mark 0x{mark} -j DROP\nCOMMIT\n";

        (await RunAsync([Write("a", Rules(2))], [Write("b", Rules(3))])).Should().NotBe(ExitCode.Success, Output + _errors);
        (await RunAsync([Write("a", Rules(2))], [Write("b", Rules(2) + "\n")])).Should().Be(ExitCode.Success, Output + _errors);
    }

    [Fact]
    public async Task SetsWithoutSavedRulesAreRefused()
    {
        string manifest = Write("m.yaml", "kind: Node\napiVersion: v1\nmetadata: {name: node-a}\n");

        (await RunAsync([manifest], [manifest], ipsetA: Write("sets", "create s hash:ip\n"))).Should().Be(ExitCode.Failure);

        _errors.ToString().Should().Contain("--ipset needs saved rules on one side");
    }

    private string Output => Encoding.UTF8.GetString(_output.ToArray());

    private string Write(string name, string text)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    private Task<int> RunAsync(string[] a, string[] b, bool? comparesAll = null, string? config = null, TimeSpan? limit = null, string? ipsetA = null, string? ipsetB = null)
    {
        CommandStreams streams = new(static () => Stream.Null, () => new NonClosingStream(_output), _errors, IsOutputOnTerminal: false, AreErrorsOnTerminal: false);
        CompareOptions options = new()
        {
            A = new() { Paths = a, ConfigPath = config },
            B = new() { Paths = b, ConfigPath = config },
            Families = [IpFamily.IPv4, IpFamily.IPv6],
            ComparesAllRules = comparesAll,
            Limit = limit,
            IpsetA = ipsetA,
            IpsetB = ipsetB,
        };
        return new CompareCommand(streams, AgentHost.OfProcess(TimeProvider.System)).RunAsync(options, CancellationToken.None);
    }

    /// <summary>A command closes its output; two of them write here.</summary>
    private sealed class NonClosingStream(MemoryStream stream) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => stream.Length;

        public override long Position { get => stream.Position; set => throw new NotSupportedException(); }

        public override void Flush() => stream.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => stream.Write(buffer, offset, count);
    }
}
