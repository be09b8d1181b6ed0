using System.Globalization;

namespace KubeProxySharp.Testing;

/// <summary>
/// Firewalls as administrators and their tools write them, of any size: interfaces, sources, destinations and ports by rule. The
/// same seed gives the same rules.
/// </summary>
public sealed class GeneratedFirewall
{
    /// <summary>The kinds of firewalls.</summary>
    public static readonly string[] Styles = ["flat", "zones", "user chains", "block list"];

    private static readonly int[] s_ports = [22, 25, 53, 80, 110, 123, 143, 161, 389, 443, 445, 514, 587, 993, 1194, 1433, 2049, 3306, 3389, 5060, 5432, 6379, 6443, 8080, 8443, 9000, 9090, 10250, 27017];
    private static readonly string[] s_targets = ["ACCEPT", "ACCEPT", "ACCEPT", "ACCEPT", "DROP", "REJECT --reject-with icmp-port-unreachable"];

    private readonly Random _random;
    private readonly string[] _sources;
    private readonly string[] _destinations;

    private GeneratedFirewall(int rules, int seed)
    {
        _random = new(seed);
        _sources = Prefixes((rules / 8) + 10);
        _destinations = Prefixes((rules / 8) + 10);
    }

    /// <summary>The lines of iptables-save.</summary>
    /// <param name="style">One of <see cref="Styles"/>.</param>
    /// <param name="rules">About how many rules.</param>
    /// <param name="seed">Of the random choices.</param>
    public static List<string> Lines(string style, int rules, int seed)
    {
        GeneratedFirewall firewall = new(rules, seed);
        return style switch
        {
            "flat" => firewall.Flat(rules),
            "zones" => firewall.Zones(rules),
            "user chains" => firewall.UserChains(rules),
            _ => firewall.BlockList(rules),
        };
    }

    /// <summary>Interfaces and everything else by rule, in the base chains.</summary>
    private List<string> Flat(int rules)
    {
        List<string> lines =
        [
            "*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]",
            "-A INPUT -i lo -j ACCEPT", "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-A INPUT -m conntrack --ctstate INVALID -j DROP",
            "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        ];
        for (int number = 4; number < rules; number++)
        {
            string input = _random.Next(10) < 7 ? $" -i eth{_random.Next(8)}" : "";
            string output = _random.Next(10) < 6 ? $" -o eth{_random.Next(8)}" : "";
            lines.Add(_random.Next(10) < 3 ? $"-A INPUT{Addresses()}{input}{Protocol()} -j {Pick(s_targets)}" : $"-A FORWARD{Addresses()}{input}{output}{Protocol()} -j {Pick(s_targets)}");
        }

        lines.AddRange(["COMMIT", "*nat", ":PREROUTING ACCEPT [0:0]", ":INPUT ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]"]);
        for (int number = 0; number < 6; number++)
        {
            lines.Add($"-A PREROUTING -i eth0 -p tcp -m tcp --dport {Port()} -j DNAT --to-destination 10.0.{number}.5:{Port()}");
        }

        lines.AddRange(["-A POSTROUTING -s 10.0.0.0/8 -o eth0 -j MASQUERADE", "COMMIT"]);
        return lines;
    }

    /// <summary>Chains by pair of zones, as shorewall writes them.</summary>
    private List<string> Zones(int rules)
    {
        (string Zone, string[] Interfaces)[] zones = [("net", ["eth0", "ppp0"]), ("loc", ["eth1", "eth2"]), ("dmz", ["eth3"]), ("vpn", ["tun+", "wg0"])];
        List<string> heads = [];
        List<string> lines = ["-A INPUT -i lo -j ACCEPT", "-A OUTPUT -o lo -j ACCEPT"];
        string[] all = [.. zones.Select(static zone => zone.Zone), "fw"];
        string[] pairs = [.. all.SelectMany(from => all.Where(to => to != from).Select(to => $"{from}2{to}"))];
        foreach ((string zone, string[] interfaces) in zones)
        {
            foreach (string name in interfaces)
            {
                string chain = name.TrimEnd('+');
                heads.AddRange([$"{chain}_in", $"{chain}_out", $"{chain}_fwd"]);
                lines.AddRange([$"-A INPUT -i {name} -j {chain}_in", $"-A FORWARD -i {name} -j {chain}_fwd", $"-A OUTPUT -o {name} -j {chain}_out"]);
                lines.AddRange([$"-A {chain}_in -m conntrack --ctstate INVALID,NEW -j dynamic", $"-A {chain}_in -j {zone}2fw", $"-A {chain}_out -j fw2{zone}"]);
                lines.AddRange(zones.Where(other => other.Zone != zone).SelectMany(other => other.Interfaces.Select(to => $"-A {chain}_fwd -o {to} -j {zone}2{other.Zone}")));
            }
        }

        lines.AddRange(pairs.Select(static pair => $"-A {pair} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"));
        int fixedRules = lines.Count + pairs.Length;
        for (int number = fixedRules; number < rules; number++)
        {
            lines.Add($"-A {Pick(pairs)}{Addresses()}{Protocol()} -j {Pick(["ACCEPT", "ACCEPT", "ACCEPT", "logdrop", "Reject"])}");
        }

        lines.AddRange(pairs.Select(static pair => $"-A {pair} -j {(pair.StartsWith("net", StringComparison.Ordinal) ? "logdrop" : "ACCEPT")}"));
        lines.AddRange(["-A logdrop -m limit --limit 1/sec -j LOG --log-prefix \"Shorewall:drop:\"", "-A logdrop -j DROP"]);
        lines.AddRange(["-A Reject -p tcp -j REJECT --reject-with tcp-reset", "-A Reject -j REJECT --reject-with icmp-host-prohibited"]);
        return ["*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT DROP [0:0]", .. heads.Concat(pairs).Concat(["dynamic", "logdrop", "Reject"]).Select(static chain => $":{chain} - [0:0]"), .. lines, "COMMIT"];
    }

    /// <summary>Chains of a tool and one of the user, as ufw and firewalld have them.</summary>
    private List<string> UserChains(int rules)
    {
        List<string> lines =
        [
            "*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]",
            ":before-input - [0:0]", ":user-input - [0:0]", ":before-forward - [0:0]", ":user-forward - [0:0]", ":not-local - [0:0]", ":logging-deny - [0:0]",
            "-A INPUT -j before-input", "-A FORWARD -j before-forward", "-A before-input -i lo -j ACCEPT",
            "-A before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-A before-input -m conntrack --ctstate INVALID -j logging-deny", "-A before-input -m conntrack --ctstate INVALID -j DROP",
            "-A before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT", "-A before-input -j not-local", "-A before-input -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT", "-A before-input -j user-input",
            "-A before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-A before-forward -j user-forward",
            "-A logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix \"[UFW BLOCK] \"", "-A not-local -m addrtype --dst-type LOCAL -j RETURN", "-A not-local -j DROP",
        ];
        for (int number = 15; number < rules; number++)
        {
            string source = _random.Next(4) < 3 ? $" -s {Pick(_sources)}" : "";
            string input = _random.Next(5) == 0 ? $" -i {Pick(["eth0", "eth1", "tun0"])}" : "";
            lines.Add($"-A {(_random.Next(5) < 4 ? "user-input" : "user-forward")}{source}{input}{Protocol()} -j {Pick(s_targets)}");
        }

        lines.Add("COMMIT");
        return lines;
    }

    /// <summary>Many sources that are dropped.</summary>
    private List<string> BlockList(int rules)
    {
        string[] blocked = Prefixes(rules - 3);
        return
        [
            "*filter", ":INPUT ACCEPT [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]", ":BLOCK - [0:0]",
            "-A INPUT -j BLOCK", "-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT", "-A INPUT -p tcp -m tcp --dport 23 -j DROP",
            .. blocked.Select(static prefix => $"-A BLOCK -s {prefix} -j DROP"),
            "COMMIT",
        ];
    }

    private string Addresses() => (_random.Next(10) < 6 ? $" -s {Pick(_sources)}" : "") + (_random.Next(2) == 0 ? $" -d {Pick(_destinations)}" : "");

    private string Protocol()
    {
        string name = _random.Next(10) < 7 ? "tcp" : "udp";
        int kind = _random.Next(20);
        int first = _random.Next(1024, 60000);
        return kind switch
        {
            < 1 => " -p icmp",
            < 12 => $" -p {name} -m {name} --dport {Port()}",
            < 15 => $" -p {name} -m {name} --dport {first}:{first + _random.Next(1, 500)}",
            < 18 => $" -p {name} -m multiport --dports {Port()},{_random.Next(2000, 3000)}",
            _ => $" -p {name}",
        };
    }

    private string Port() => s_ports[_random.Next(s_ports.Length)].ToString(CultureInfo.InvariantCulture);

    private string Pick(string[] of) => of[_random.Next(of.Length)];

    private string[] Prefixes(int count)
    {
        int[] first = [10, 100, 172, 192, 198, 203];
        string[] prefixes = new string[count];
        for (int index = 0; index < count; index++)
        {
            int length = _random.Next(20, 30);
            uint address = ((uint)first[_random.Next(first.Length)] << 24) | ((uint)_random.Next(1 << 24) & (uint.MaxValue << (32 - length)) & 0xffffff);
            prefixes[index] = $"{address >> 24}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}/{length}";
        }

        return prefixes;
    }
}
