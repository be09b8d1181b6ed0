using System.Globalization;
using System.Text;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>Random rules of iptables, made of all matches and targets that explain understands.</summary>
/// <param name="random">The source of chance.</param>
internal sealed class RandomIptables(Random random)
{
    private readonly Deck<Form> _decided = new(random, IptablesForms.Decided);
    private readonly Deck<Form> _undecided = new(random, IptablesForms.Undecided);
    private readonly Deck<Form> _passing = new(random, IptablesForms.Passing);
    private readonly Deck<Form> _handedOver = new(random, IptablesForms.HandedOver);

    private static readonly string[] s_prefixes = ["203.0.113.0/25", "203.0.113.9/32", "10.9.1.0/24", "198.51.100.0/24", "198.51.100.7/32", "192.0.2.0/24", "10.9.2.1/32", "0.0.0.0/0"];
    private static readonly string[] s_ports = ["80", "443", "8080", "53", "80:443", "1000:9000", "1:1023"];
    private static readonly string[] s_marks = ["0x1", "0x2", "0x3", "0x10", "0x1/0x1", "0x10/0xf0", "0x0/0x3"];

    /// <summary>What answers to refused packets need, whatever the other rules do.</summary>
    private const string Answers = "-p icmp -j ACCEPT\n-p tcp -m tcp --tcp-flags RST RST -j ACCEPT";

    private static readonly (string Table, string[] Chains)[] s_tables =
    [
        ("raw", ["PREROUTING", "OUTPUT"]),
        ("mangle", ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]),
        ("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
        ("filter", ["INPUT", "FORWARD", "OUTPUT"]),
    ];

    /// <summary>A rule set as iptables-restore takes it.</summary>
    public string Make()
    {
        StringBuilder text = new();
        foreach ((string table, string[] chains) in s_tables)
        {
            text.Append('*').Append(table).Append('\n');
            foreach (string chain in chains)
            {
                string policy = table == "filter" && random.Next(4) == 0 ? "DROP" : "ACCEPT";
                text.Append(CultureInfo.InvariantCulture, $":{chain} {policy} [0:0]\n");
            }

            text.Append(":user - [0:0]\n:inner - [0:0]\n");
            if (table != "nat")
            {
                foreach (string chain in chains)
                {
                    foreach (string rule in Answers.Split('\n'))
                    {
                        text.Append(CultureInfo.InvariantCulture, $"-A {chain} {rule}\n");
                    }
                }
            }

            foreach (string chain in chains)
            {
                int count = random.Next(table == "raw" ? 2 : 4);
                for (int number = 0; number < count; number++)
                {
                    text.Append(CultureInfo.InvariantCulture, $"-A {chain} {Rule(table, chain)}\n");
                }
            }

            for (int number = 0; number < 2; number++)
            {
                text.Append(CultureInfo.InvariantCulture, $"-A user {Rule(table, "user")}\n-A inner {Rule(table, "inner")}\n");
            }

            text.Append("COMMIT\n");
        }

        return text.ToString();
    }

    private string Rule(string table, string chain)
    {
        List<string> parts = [];
        string protocol = random.Next(3) switch { 0 => "tcp", 1 => "udp", _ => "" };
        string target = Target(table, chain, ref protocol);
        bool hasOwn = false;
        if (random.Next(6) == 0 && Fitting(random.Next(10) == 0 ? _undecided : _decided, table, chain, protocol) is { } form)
        {
            hasOwn = form.Protocol == "none";
            protocol = hasOwn ? "" : form.Protocol.Length == 0 ? protocol : form.Protocol;
            parts.Add(form.Text);
        }

        if (protocol.Length != 0)
        {
            parts.Insert(0, $"-p {protocol}");
        }

        int matches = random.Next(parts.Count > 1 || hasOwn ? 2 : 3);
        for (int number = 0; number < matches; number++)
        {
            string match = Match(table, chain, protocol);
            if (match.Length != 0 && !parts.Exists(part => part.Split(' ').Intersect(match.Split(' ')).Any(word => word.Length > 1 && word[0] == '-' && word != "-m")))
            {
                parts.Add(match);
            }
        }

        return string.Join(' ', parts.Append(target));
    }

    /// <summary>The next form that can be in a chain and with a protocol; null if there is none.</summary>
    private static Form? Fitting(Deck<Form> deck, string table, string chain, string protocol) => deck.Next(form =>
        (form.Chains.Length == 0 || form.Chains.Split(' ').Contains(chain))
        && (form.Table.Length == 0 || form.Table == table)
        && (form.Protocol.Length == 0 || protocol.Length == 0 || form.Protocol == protocol));

    private string Match(string table, string chain, string protocol)
    {
        string not = random.Next(3) == 0 ? "! " : "";
        bool hasInput = chain is "PREROUTING" or "INPUT" or "FORWARD";
        bool hasOutput = chain is "OUTPUT" or "POSTROUTING" or "FORWARD";
        switch (random.Next(22))
        {
            case 0:
                return $"{not}-s {Pick(s_prefixes[..7])}";
            case 1 or 2:
                return $"{not}-d {Pick(s_prefixes[..7])}";
            case 3:
                return hasInput ? $"{not}-i {Pick("c0", "c+", "w0", "lo")}" : "";
            case 4:
                return hasOutput ? $"{not}-o {Pick("w0", "w+", "c0", "lo")}" : "";
            case 5 or 6:
                return protocol.Length == 0 ? "" : $"-m {protocol} {not}--dport {Pick(s_ports)}";
            case 7:
                return protocol.Length == 0 ? "" : $"-m {protocol} {not}--sport {Pick("1024:65535", "1:33000", "40000:50000")}";
            case 8:
                return protocol.Length == 0 ? "" : $"-m multiport {not}--dports {Pick("80,443", "53,8000:8100", "1:100,443,8080")}";
            case 9:
                return protocol.Length == 0 ? "" : $"-m multiport {not}--ports {Pick("80,443", "1:33000", "443,30000:65535")}";
            case 10:
                return $"-m iprange {not}--src-range 203.0.113.{random.Next(1, 20)}-203.0.113.{random.Next(20, 200)}";
            case 11:
                return $"-m iprange {not}--dst-range 198.51.100.{random.Next(1, 8)}-198.51.100.{random.Next(8, 20)}";
            case 12:
                return $"-m addrtype {not}--dst-type {Pick("LOCAL", "UNICAST", "BROADCAST", "MULTICAST", "LOCAL,MULTICAST")}";
            case 13:
                return $"-m addrtype {not}--src-type {Pick("LOCAL", "UNICAST", "UNICAST,LOCAL")}";
            case 14 or 15:
                return $"-m mark {not}--mark {Pick(s_marks)}";
            case 16:
                return $"-m connmark {not}--mark {Pick(s_marks)}";
            case 17:
                return $"-m conntrack {not}--ctstate {Pick("NEW", "ESTABLISHED,RELATED", "INVALID", "UNTRACKED", "DNAT", "SNAT", "NEW,UNTRACKED")}";
            case 18:
                return table == "raw" ? "" : $"-m conntrack {Pick($"{not}--ctorigdst {Pick(s_prefixes[3..6])}", "--ctdir ORIGINAL", "--ctdir REPLY", $"{not}--ctorigsrc {Pick(s_prefixes[..2])}")}";
            case 19:
                return protocol == "tcp" ? $"-m tcp {not}{Pick("--syn", "--tcp-flags FIN,SYN,RST,ACK SYN", "--tcp-flags ALL NONE", "--tcp-flags SYN,ACK SYN,ACK")}" : "";
            case 20:
                return random.Next(40) == 0 ? "-m statistic --mode random --probability 0.50000000000" : "";
            default:
                return $"-m comment --comment \"number {random.Next(10)}, \\\"quoted\\\"\"";
        }
    }

    private string Target(string table, string chain, ref string protocol)
    {
        if (chain != "inner" && random.Next(6) == 0)
        {
            return chain == "user" ? Pick("-j inner", "-g inner") : Pick("-j user", "-j user", "-g user");
        }

        if (random.Next(5) == 0 && Fitting(random.Next(50) == 0 ? _handedOver : _passing, table, chain, protocol) is { } form)
        {
            if (form.Protocol == "syn")
            {
                protocol = "tcp";
                return "-m tcp --tcp-flags SYN,RST SYN " + form.Text;
            }

            protocol = form.Protocol.Length == 0 ? protocol : form.Protocol;
            return form.Text;
        }

        switch (table)
        {
            case "raw":
                return Pick("-j CT --notrack", "-j RETURN", "-j ACCEPT", "-j RETURN");
            case "mangle":
                return random.Next(8) switch
                {
                    0 or 1 => $"-j MARK {Pick("--set-mark 0x1", "--set-xmark 0x2/0x2", "--or-mark 0x10", "--and-mark 0x1", "--xor-mark 0x3", "--set-mark 0x12/0x2")}",
                    2 => $"-j CONNMARK {Pick("--save-mark", "--set-mark 0x1", "--set-xmark 0x3/0x2", "--save-mark --nfmask 0x3 --ctmask 0x3")}",
                    3 => $"-j CONNMARK {Pick("--restore-mark", "--restore-mark --nfmask 0xff --ctmask 0xff")}",
                    4 => Pick("-j TOS --set-tos 0x10/0x3f", "-j DSCP --set-dscp 0x0a"),
                    5 => "-j RETURN",
                    6 => random.Next(4) == 0 ? "-j DROP" : "-j ACCEPT",
                    _ => chain is "user" or "inner" ? "-j MARK --set-xmark 0x0/0x0" : Pick("-j TTL --ttl-set 60", "-j CHECKSUM --checksum-fill"),
                };
            case "nat":
                return Translation(chain, ref protocol);
            default:
                if (random.Next(4) == 0)
                {
                    protocol = random.Next(2) == 0 ? "tcp" : protocol;
                    return protocol == "tcp" && random.Next(2) == 0
                        ? "-j REJECT --reject-with tcp-reset"
                        : $"-j REJECT --reject-with {Pick("icmp-port-unreachable", "icmp-admin-prohibited", "icmp-host-prohibited", "icmp-net-unreachable", "icmp-host-unreachable")}";
                }

                return Pick("-j ACCEPT", "-j ACCEPT", "-j DROP", "-j RETURN");
        }
    }

    private string Translation(string chain, ref string protocol)
    {
        bool isDestination = chain is "PREROUTING" or "OUTPUT";
        if (chain is "user" or "inner" || random.Next(6) == 0)
        {
            return Pick("-j ACCEPT", "-j RETURN");
        }

        if (isDestination)
        {
            switch (random.Next(9))
            {
                case 0:
                    return "-j NETMAP --to 198.18.0.0/24";
                case 1:
                    return "-j DNAT --to-destination 198.51.100.99";
                case 2:
                    protocol = protocol.Length == 0 ? "tcp" : protocol;
                    return $"-j REDIRECT --to-ports {Pick("15001", "9000-9100")}";
                case 3:
                    return "-j REDIRECT";
                case 4:
                    return random.Next(25) == 0 ? "-j DNAT --to-destination 198.18.1.7-198.18.1.9" : "-j DNAT --to-destination 10.9.2.1";
                default:
                    protocol = protocol.Length == 0 ? "tcp" : protocol;
                    return $"-j DNAT --to-destination {Pick("198.18.1.7:8080", "198.18.1.7:8000-8100", ":9443", "10.9.1.1:9000", "198.18.1.8:5000-5050/80", "198.18.1.8:70-90")}{(random.Next(4) == 0 ? " --persistent" : "")}";
            }
        }

        switch (random.Next(6))
        {
            case 0:
                return "-j NETMAP --to 198.18.9.0/24";
            case 1 when chain == "POSTROUTING":
                return $"-j MASQUERADE{Pick("", " --random-fully", " --random")}";
            case 2 when chain == "POSTROUTING":
                protocol = protocol.Length == 0 ? "udp" : protocol;
                return "-j MASQUERADE --to-ports 2000-3000";
            case 3:
                protocol = protocol.Length == 0 ? "tcp" : protocol;
                return $"-j SNAT --to-source {Pick("198.18.9.9:2000-2999", "198.18.9.9:1-65535", "198.18.9.9-198.18.9.11:40000-60000")}{Pick("", " --random-fully")}";
            default:
                return $"-j SNAT --to-source {Pick("198.18.9.9", "10.9.2.1", "198.18.9.9-198.18.9.12")}{Pick("", " --random", " --persistent")}";
        }
    }

    private string Pick(params string[] choices) => choices[random.Next(choices.Length)];
}
