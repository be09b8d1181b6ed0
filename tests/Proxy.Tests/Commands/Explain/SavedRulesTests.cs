using System.Text.Json;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Explain;

/// <summary>The command on saved rules, with and without manifests to compare with.</summary>
public sealed class SavedRulesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kps-explain-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>Reasons come from comments and the names of chains, whoever wrote the rules.</summary>
    [Theory]
    [InlineData("source-ranges", "8.8.8.8", "198.51.100.81", "dropped", "loadBalancerSourceRanges of", "does not include 8.8.8.8")]
    [InlineData("field-ingress-nginx-local", "203.0.113.9", "10.33.151.160", "sent to 192.168.176.202:443", "ingress-nginx/ingress-nginx:https", "the source stays 203.0.113.9")]
    public async Task TheCommentsOfRulesAreReasons(string name, string from, string to, string answer, string reason, string more)
    {
        string directory = RecordedCases.CaseDirectory(name);
        string port = name == "source-ranges" ? PortOf(directory, to) : "443";
        string[] addresses = [.. RecordedNode.Read(directory).Addresses.SelectMany(address => new[] { "--node-address", address.ToString() })];
        foreach (string file in new[] { Path.Combine(directory, "iptables", "iptables-save.txt"), Path.Combine(directory, "nftables", "nft.json"), Path.Combine(directory, "nftables", "nft.txt") })
        {
            ExplainRun run = await ExplainRun.WithAsync(["--rules", file, .. addresses, "--from", from, "--to", $"{to}:{port}"]);

            run.ExitCode.Should().Be(ExitCode.Success, run.Errors);
            run.Output.Should().Contain(answer, file).And.Contain(reason, file).And.Contain(more, file);
        }
    }

    /// <summary>Of two endpoints, each is reached with and without masquerading: two, with the sum of their ways.</summary>
    [Fact]
    public async Task AnEndpointThatIsReachedInSeveralWaysIsListedOnce()
    {
        string rules = Write(
            """
            *nat
            :PREROUTING ACCEPT [0:0]
            :POSTROUTING ACCEPT [0:0]
            -A PREROUTING -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -m statistic --mode random --probability 0.50000000000 -j DNAT --to-destination 10.244.0.5:8080
            -A PREROUTING -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.0.6:8080
            -A POSTROUTING -m statistic --mode random --probability 0.50000000000 -j MASQUERADE
            COMMIT

            """);

        ExplainRun run = await ExplainRun.WithAsync("--rules", rules, "--node-address", "192.0.2.10", "--from", "203.0.113.9", "--to", "10.96.0.10:80");

        run.Output.Should().Contain("sent to one of 2 endpoints, 50 % each").And.Contain("50 %  10.244.0.5:8080\n").And.Contain("50 %  10.244.0.6:8080\n").And.NotContain("25 %  ");
    }

    /// <summary>Our own nftables rules have no names of most Services: then the field is named alone.</summary>
    [Fact]
    public async Task AReasonWithoutANameNamesTheFieldAlone()
    {
        string rules = Write(
            """
            table ip kube-proxy {
              map service-nodeports {
                typeof meta l4proto . th dport : verdict
                elements = { tcp . 30081 : goto nodeport-local-1-1 }
              }
              chain nat-output {
                type nat hook output priority -100; policy accept;
                fib daddr type local meta l4proto . th dport vmap @service-nodeports
              }
              chain nodeport-local-1-1 {
                fib saddr type local goto cluster-1 comment "short-circuit local traffic"
              }
              chain cluster-1 {
                meta l4proto tcp dnat ip to 10.244.0.6:8080
              }
            }

            """);

        ExplainRun run = await ExplainRun.WithAsync("--rules", rules, "--node-address", "192.0.2.10", "--from", "node", "--to", "192.0.2.10:30081");

        run.Output.Should().Contain("sent to 10.244.0.6:8080\n").And.Contain("masqueraded [spec.externalTrafficPolicy]\n").And.NotContain("of Service");
    }

    [Fact]
    public async Task ARuleThatIsNotUnderstoodMayMatchAndIsNeverSkipped()
    {
        string rules = Write(
            """
            *filter
            :FORWARD ACCEPT [0:0]
            -A FORWARD -d 10.0.0.7/32 -m bpf --object-pinned /sys/fs/bpf/x -j DROP
            -A FORWARD -d 10.0.0.8/32 -m bpf --object-pinned /sys/fs/bpf/y -j DROP
            COMMIT
            *nat
            :PREROUTING ACCEPT [0:0]
            -A PREROUTING -i cni0 -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.7:8080
            COMMIT
            """);

        ExplainRun run = await ExplainRun.WithAsync("--rules", rules, "--node-address", "192.0.2.10", "--from", "10.0.0.1", "--to", "10.96.0.10:80", "--interface", "cni0");

        run.Output.Should().Contain("depends on the contents of the packet (filter FORWARD rule 1):")
            .And.Contain("May match, depending on what is not known\n  - FORWARD filter FORWARD rule 1:")
            .And.Contain("dropped").And.Contain("sent to 10.0.0.7:8080")
            .And.NotContain("/sys/fs/bpf/y", "that rule asks for another destination, so it surely does not match");

        ExplainRun unknown = await ExplainRun.WithAsync("--rules", rules, "--node-address", "192.0.2.10", "--from", "10.0.0.1", "--to", "10.96.0.10:80", "-o", "json");

        JsonElement walk = JsonDocument.Parse(unknown.Output).RootElement.GetProperty("walks")[0];
        walk.GetProperty("isCertain").GetBoolean().Should().BeFalse("without --interface the DNAT rule may match too");
        walk.GetProperty("answer").GetString().Should().Contain("the interface that the packet comes in by, which --interface gives (nat PREROUTING rule 1)");
    }

    /// <summary>A statement that may do anything leaves no answer, whatever the rules after it do.</summary>
    [Theory]
    [InlineData("-j HMARK --hmark-tuple src --hmark-mod 2 --hmark-offset 1", "mangle PREROUTING rule 1 is not understood and may do anything (-A PREROUTING -p tcp -j HMARK")]
    [InlineData("-j NFQUEUE --queue-num 3", "mangle PREROUTING rule 1 hands it to a program that reads the queue and decides (-A PREROUTING -p tcp -j NFQUEUE")]
    [InlineData("-j UNHEARDOF", "mangle PREROUTING rule 1 is not understood and may do anything (-A PREROUTING -p tcp -j UNHEARDOF")]
    public async Task AStatementThatMayDoAnythingLeavesNoAnswer(string target, string reason)
    {
        string rules = Write($"*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp {target}\nCOMMIT\n*filter\n:FORWARD DROP [0:0]\nCOMMIT");
        string[] arguments = ["--rules", rules, "--node-address", "192.0.2.10", "--from", "203.0.113.9", "--to", "192.0.2.77:80"];

        ExplainRun run = await ExplainRun.WithAsync(arguments);
        ExplainRun json = await ExplainRun.WithAsync([.. arguments, "-o", "json"]);

        run.Output.Should().Contain("unknown: " + reason).And.Contain("if it changes nothing: dropped by the policy of filter FORWARD (DROP); other outcomes are possible");
        JsonDocument.Parse(json.Output).RootElement.GetProperty("walks")[0].GetProperty("isCertain").GetBoolean().Should().BeFalse();
    }

    /// <summary>What is not decided makes no difference where both ways end alike: the answer is sure.</summary>
    [Theory]
    [InlineData("-i lo -j DROP", "left alone")]
    [InlineData("-i eth0 -j DROP\n-A FORWARD ! -i eth0 -j DROP", "dropped")]
    [InlineData("-m limit --limit 5/sec -j LOG", "left alone")]
    [InlineData("-m u32 --u32 0>>22=1 -j ACCEPT", "left alone")]
    [InlineData("-m set --match-set x src -j DROP\n-A FORWARD -m set ! --match-set x src -j DROP", "dropped")]
    [InlineData("-o eth0 -i eth+ -j ACCEPT\n-A FORWARD -m limit --limit 1/hour -j RETURN", "left alone")]
    [InlineData("-p tcp -m tcp --sport 1024:65535 -j DROP\n-A FORWARD -p tcp -m tcp ! --sport 1024:65535 -j DROP", "dropped")]
    public async Task WhatMakesNoDifferenceIsNoDoubt(string rule, string answer)
    {
        string rules = Write($"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD {rule}\nCOMMIT");

        ExplainRun run = await ExplainRun.WithAsync("--rules", rules, "--node-address", "192.0.2.10", "--from", "203.0.113.9", "--to", "192.0.2.77:80");

        run.Output.Split('\n').Should().Contain(line => line.StartsWith("the rules of ") && line.Contains($": {answer}")).And.NotContain(line => line.Contains(": depends"));
    }

    /// <summary>A fact of the packet that was not given is no fault of the rules: the option that gives it is named, and decides.</summary>
    [Theory]
    [InlineData("-i eth0", "--interface", "eth0", "eth1")]
    [InlineData("-i eth+", "--interface", "eth7", "wlan0")]
    [InlineData("-o eth0", "--out-interface", "eth0", "eth1")]
    [InlineData("-p tcp -m tcp --sport 1024:2000", "--source-port", "1500", "3000")]
    [InlineData("-p tcp -m multiport --sports 22,1024:2000", "--source-port", "22", "23")]
    public async Task AMissingFactIsNamedWithItsOption(string match, string option, string matching, string other)
    {
        string rules = Write($"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD {match} -j DROP\nCOMMIT");
        string[] arguments = ["--rules", rules, "--node-address", "192.0.2.10", "--from", "203.0.113.9", "--to", "192.0.2.77:80"];

        ExplainRun open = await ExplainRun.WithAsync(arguments);
        ExplainRun taken = await ExplainRun.WithAsync([.. arguments, option, matching]);
        ExplainRun left = await ExplainRun.WithAsync([.. arguments, option, other]);

        open.Output.Should().Contain($"which {option} gives").And.Contain("dropped").And.Contain("left alone").And.NotContain("not understood").And.NotContain("100 %");
        taken.Output.Should().Contain(": dropped").And.NotContain("depends");
        left.Output.Should().Contain(": left alone").And.NotContain("depends");
    }

    /// <summary>Without the contents of an ipset a rule that asks for it is open; with them it is decided.</summary>
    [Theory]
    [InlineData("", "--match-set s src", "depends on the contents of the ipset, which --ipset gives (filter FORWARD rule 1)")]
    [InlineData("create t hash:ip family inet", "--match-set s src", "depends on the contents of the ipset s, which is not among those given (filter FORWARD rule 1)")]
    [InlineData("create s hash:ip family inet", "--match-set s src", "left alone")]
    [InlineData("create s hash:ip family inet\nadd s 203.0.113.9", "--match-set s src", "dropped")]
    [InlineData("create s hash:ip family inet\nadd s 203.0.113.9", "--match-set s dst", "left alone")]
    [InlineData("create s hash:ip family inet netmask 24\nadd s 203.0.113.0", "--match-set s src", "dropped")]
    [InlineData("create s hash:net family inet\nadd s 203.0.113.0/24\nadd s 203.0.113.8/30 nomatch", "--match-set s src", "left alone")]
    [InlineData("create s hash:net family inet\nadd s 203.0.113.0/24\nadd s 203.0.113.8/30 nomatch", "--match-set s src --return-nomatch", "dropped")]
    [InlineData("create s hash:net family inet counters\nadd s 203.0.113.0/24 packets 7 bytes 420", "--match-set s src --packets-gt 5", "depends on the contents of the ipset s in a way that is not followed")]
    [InlineData("create s hash:ip,port family inet\nadd s 192.0.2.77,tcp:80", "--match-set s dst", "left alone")]
    [InlineData("create s hash:net family inet6\nadd s ::/1\nadd s 8000::/1", "--match-set s dst", "left alone")]
    [InlineData("create n hash:ip family inet\ncreate s list:set size 8\nadd s n", "--match-set t src -j ACCEPT\n-A FORWARD -j SET --add-set s src\n-A FORWARD -m set --match-set n src", "the contents of the ipset n, which a rule changes (-j SET)")]
    [InlineData("create s hash:ip,port family inet\nadd s 192.0.2.77,tcp:80", "--match-set s dst,dst", "dropped")]
    [InlineData("create s hash:ip,port family inet\nadd s 192.0.2.77,udp:80", "--match-set s dst,dst", "left alone")]
    [InlineData("create s hash:ip,port family inet\nadd s 192.0.2.77,tcp:80", "--match-set s dst,src", "depends on the source port, which --source-port gives")]
    [InlineData("create s bitmap:port range 1-100\nadd s 80", "--match-set s dst", "dropped")]
    [InlineData("create s hash:ip,port,net family inet\nadd s 203.0.113.9,tcp:80,192.0.2.0/24", "--match-set s src,dst,dst", "dropped")]
    [InlineData("create n hash:ip family inet\nadd n 203.0.113.9\ncreate s list:set size 8\nadd s n", "--match-set s src", "dropped")]
    [InlineData("create s hash:ip family inet", "--match-set t src -j ACCEPT\n-A FORWARD -j SET --add-set s src\n-A FORWARD -m set --match-set s src", "the contents of the ipset s, which a rule changes (-j SET)")]
    [InlineData("create s hash:ip6 family inet6\nadd s 2001:db8::1", "--match-set s src", "whose type hash:ip6 is not decided by addresses and ports")]
    public async Task AnIpsetDecidesOnceItsContentsAreGiven(string sets, string match, string answer)
    {
        foreach (string negation in (string[])["", "! "])
        {
            string rules = Write($"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set {negation}{match} -j DROP\nCOMMIT");
            string[] contents = sets.Length == 0 ? [] : ["--ipset", Write(sets)];

            ExplainRun run = await ExplainRun.WithAsync(["--rules", rules, .. contents, "--node-address", "192.0.2.10", "--from", "203.0.113.9", "--to", "192.0.2.77:80"]);

            string opposite = answer switch { "dropped" => "left alone", "left alone" => "dropped", _ => answer };
            run.ExitCode.Should().Be(ExitCode.Success, run.Errors);
            run.Output.Split('\n').Should().Contain(line => line.StartsWith("the rules of ") && line.Contains(negation.Length == 0 ? answer : opposite), run.Output);
        }
    }

    /// <summary>The mark of an entry becomes the mark of the packet.</summary>
    [Fact]
    public async Task AMarkOutOfAnIpsetIsOpen()
    {
        string rules = Write("*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j SET --map-set s src --map-mark\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m mark --mark 0x5 -j DROP\nCOMMIT");
        string sets = Write("create s hash:ip skbinfo\nadd s 203.0.113.9 skbmark 0x5");

        ExplainRun run = await ExplainRun.WithAsync("--rules", rules, "--ipset", sets, "--node-address", "192.0.2.10", "--from", "203.0.113.9", "--to", "192.0.2.77:80");

        run.Output.Should().Contain("unknown").And.Contain("may do anything");
    }

    /// <summary>What <c>ipset save</c> printed may stand beside the rules, in the same file or in one of its own.</summary>
    [Theory]
    [InlineData("{sets}{rules}")]
    [InlineData("{rules}{sets}")]
    [InlineData("root@n:~# iptables-save\n{rules}root@n:~# ipset save\n{sets}root@n:~# ")]
    [InlineData("Rules:\n```\n{rules}```\nand sets, by `ipset save`:\n```\n{sets}```\n")]
    [InlineData("$ sudo ipset list -o save\n{sets}$ sudo iptables -S\n-P FORWARD ACCEPT\n-A FORWARD -m set --match-set s src -j DROP\n")]
    [InlineData("{rules}\n||{sets}")]
    [InlineData("{rules}\n||root@n:~# ipset save\n{sets}")]
    public async Task SetsBesideRulesAreRead(string files)
    {
        const string Rules = "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set --match-set s src -j DROP\nCOMMIT\n";
        string sets = "create s hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x91bb7844\nadd s 203.0.113.9\ncreate list list:set size 8\nadd list s\n";
        string[] paths = [.. files.Replace("{rules}", Rules, StringComparison.Ordinal).Replace("{sets}", sets, StringComparison.Ordinal).Split("||").SelectMany(text => new[] { "--rules", Write(text) })];

        ExplainRun inside = await ExplainRun.WithAsync([.. paths, "--node-address", "192.0.2.10", "--from", "203.0.113.9", "--to", "192.0.2.77:80"]);
        ExplainRun outside = await ExplainRun.WithAsync([.. paths, "--node-address", "192.0.2.10", "--from", "203.0.113.10", "--to", "192.0.2.77:80"]);

        inside.Output.Should().Contain(": dropped").And.NotContain("depends", inside.Errors);
        outside.Output.Should().Contain(": left alone").And.NotContain("depends", outside.Errors);
    }

    [Theory]
    [InlineData("{rules}Name: s\nType: hash:ip\nRevision: 5\nHeader: family inet\nMembers:\n203.0.113.9\n", "line 5: is a listing of \"ipset list\"; give what \"sudo ipset save\" prints")]
    [InlineData("Name: s\nType: hash:ip\nRevision: 5\nHeader: family inet\nMembers:\n203.0.113.9\n", "line 1: is a listing of \"ipset list\"; give what \"sudo ipset save\" prints")]
    [InlineData("{rules}$ ipset save | head -2\ncreate s hash:ip\nadd s 203.0.113.9\n", "line 5: \"| head -2\" leaves entries of sets out")]
    [InlineData("{rules}create s hash:ip\nadd s 203.0.113.300\n", "line 6: \"203.0.113.300\" is no entry of a set of type hash:ip; give what \"sudo ipset save\" prints")]
    [InlineData("{rules}create s hash:ip\nadd t 203.0.113.9\n", "line 6: ")]
    [InlineData("create s hash:ip\nadd s 203.0.113.9\n", "--rules: none of the files has IPv4 rules")]
    public async Task SetsInAnotherFormAreRefused(string text, string message)
    {
        string file = Write(text.Replace("{rules}", "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set --match-set s src -j DROP\nCOMMIT\n", StringComparison.Ordinal));

        ExplainRun run = await ExplainRun.WithAsync("--rules", file, "--from", "203.0.113.9", "--to", "192.0.2.77:80");

        run.ExitCode.Should().Be(ExitCode.Failure);
        run.Errors.Should().Contain(message);
    }

    /// <summary>Firewalls as people have them; that the kernel does the same is tested with packets (SetsOfOthersTests).</summary>
    [Theory]
    [InlineData("fail2ban-and-block-lists.txt", "203.0.113.9", "192.0.2.77:80", "left alone")]
    [InlineData("fail2ban-and-block-lists.txt", "203.0.113.130", "192.0.2.77:80", "dropped")]
    [InlineData("fail2ban-and-block-lists.txt", "203.0.113.200", "192.0.2.77:80", "left alone")]
    [InlineData("fail2ban-and-block-lists.txt", "203.0.113.9", "198.51.100.51:80", "refused")]
    [InlineData("fail2ban-and-block-lists.txt", "203.0.113.9", "192.0.2.78:443", "dropped by the policy of filter FORWARD (DROP)")]
    [InlineData("fail2ban-and-block-lists.txt", "203.0.113.20", "10.9.1.1:80", "refused")]
    [InlineData("network-policies.txt", "203.0.113.9", "192.0.2.77:80", "left alone")]
    [InlineData("network-policies.txt", "203.0.113.9", "192.0.2.77:443", "refused")]
    [InlineData("network-policies.txt", "203.0.113.130", "192.0.2.77:443", "left alone")]
    [InlineData("network-policies.txt", "203.0.113.130", "192.0.2.77:80", "refused")]
    public async Task FirewallsWithSetsAreFollowed(string file, string from, string to, string expected)
    {
        string path = RepositoryRoot.Combine("tests", "Proxy.Tests", "Commands", "Explain", "sets", file);

        ExplainRun run = await ExplainRun.WithAsync("--rules", path, "--node-address", "10.9.1.1", "--from", from, "--to", to, "--interface", "eth0", "--out-interface", "eth1");

        run.ExitCode.Should().Be(ExitCode.Success, run.Errors);
        run.Output.Should().Contain($"the rules of {file}: {expected}").And.NotContain("depends");
    }

    [Fact]
    public async Task TheSameSetTwiceIsRefusedIfItDiffers()
    {
        const string Rules = "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set --match-set s src -j DROP\nCOMMIT\ncreate s hash:ip\nadd s 203.0.113.9\nadd s 203.0.113.10";
        string[] question = ["--rules", Write(Rules), "--node-address", "192.0.2.10", "--from", "203.0.113.9", "--to", "192.0.2.77:80"];

        ExplainRun same = await ExplainRun.WithAsync([.. question, "--ipset", Write("create s hash:ip hashsize 64\nadd s 203.0.113.10\nadd s 203.0.113.9")]);
        ExplainRun other = await ExplainRun.WithAsync([.. question, "--ipset", Write("create s hash:ip\nadd s 203.0.113.9")]);

        same.Output.Should().Contain(": dropped", same.Errors);
        other.Errors.Should().Contain("the ipset s is in").And.Contain("with other contents; give it once");
    }

    [Fact]
    public async Task ABadLineOfAnIpsetIsNamed()
    {
        string rules = Write("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set --match-set s src -j DROP\nCOMMIT");
        string sets = Write("create s hash:ip\nadd s 10.0.0.300");

        ExplainRun run = await ExplainRun.WithAsync("--rules", rules, "--ipset", sets, "--from", "203.0.113.9", "--to", "192.0.2.77:80");

        run.ExitCode.Should().Be(ExitCode.Failure);
        run.Errors.Should().Contain($"{sets}: line 2: \"10.0.0.300\" is no entry of a set of type hash:ip; give what \"sudo ipset save\" prints");
    }

    [Fact]
    public async Task RulesThatDoSomethingElseThanTheManifestsAskForAreADisagreement()
    {
        string directory = RecordedCases.CaseDirectory("field-hostnetwork");
        string[] cluster = ["-f", Path.Combine(directory, "input"), "--config", Path.Combine(directory, "config.yaml"), "--node", "node-a", "--from", "10.1.1.3", "--to", "10.104.221.85:80"];
        string rules = await File.ReadAllTextAsync(Path.Combine(directory, "iptables", "iptables-save.txt"));

        ExplainRun same = await ExplainRun.WithAsync([.. cluster, "--rules", Write(rules)]);
        ExplainRun changed = await ExplainRun.WithAsync([.. cluster, "--rules", Write(rules.Replace("--to-destination 10.20.0.2:8080", "--to-destination 10.20.0.2:8081", StringComparison.Ordinal))]);

        same.ExitCode.Should().Be(ExitCode.Success, same.Errors);
        changed.ExitCode.Should().Be(ExitCode.Disagreement);
        changed.Errors.Should().Contain("do not do what the manifests ask for")
            .And.Contain("to 10.20.0.2:8080: 0 by the rules, 1 by the model").And.Contain("to 10.20.0.2:8081: 1 by the rules, 0 by the model");
        changed.Output.Should().Contain("sent to 10.20.0.2:8081");
    }

    private static string PortOf(string directory, string address)
    {
        string line = File.ReadLines(Path.Combine(directory, "iptables", "iptables-save.txt")).First(candidate => candidate.Contains(address + "/32", StringComparison.Ordinal));
        return line.Split("--dport ")[1].Split(' ')[0];
    }

    private string Write(string text)
    {
        string path = Path.Combine(_directory, Path.GetRandomFileName());
        File.WriteAllText(path, text + "\n");
        return path;
    }
}
