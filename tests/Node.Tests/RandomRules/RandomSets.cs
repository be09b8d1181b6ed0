using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>Makes ipsets at random, as a script of <c>ipset restore</c>: types, options, and entries in all forms (ipset(8)).</summary>
/// <param name="random">Chooses.</param>
/// <param name="family">The family of sets of addresses.</param>
internal sealed class RandomSets(Random random, IpFamily family)
{
    /// <summary>The types whose members are addresses, protocols and ports.</summary>
    public static readonly string[] Decided = ["hash:ip", "hash:net", "hash:ip,port", "hash:net,port", "hash:ip,port,ip", "hash:ip,port,net", "hash:net,net", "hash:net,port,net", "bitmap:ip", "bitmap:port"];

    /// <summary>Other types: what they hold is not known of a packet that is followed.</summary>
    public static readonly string[] Undecided = ["hash:mac", "hash:ip,mac", "hash:ip,mark", "hash:net,iface", "bitmap:ip,mac"];

    private static readonly string[] s_addresses = ["198.51.100.7", "198.51.100.8", "198.51.100.12", "192.0.2.50", "192.0.2.51", "10.9.1.1", "10.9.2.1", "203.0.113.9", "203.0.113.20", "203.0.113.130", "10.9.1.2"];
    private static readonly string[] s_ports = ["80", "443", "8080", "53", "1234", "8050"];

    private readonly List<string> _entries = [];

    /// <summary>Whether a set of a type can be of the family.</summary>
    public static bool IsOf(string type, IpFamily family) => family == IpFamily.IPv4 || !type.StartsWith("bitmap:ip", StringComparison.Ordinal);

    /// <summary>A set with entries.</summary>
    public string Make(string name, string type)
    {
        _entries.Clear();
        string options = Options(type);
        List<string> lines = [$"create {name} {type}{options}"];
        for (int count = random.Next(1, 9); count > 0; count--)
        {
            bool isException = type.Contains("net", StringComparison.Ordinal) && random.Next(4) == 0;
            _entries.Add(type != "bitmap:ip" ? Entry(type) : options.Contains("198.51", StringComparison.Ordinal) ? Pick(["198.51.100.7", "198.51.100.6-198.51.100.9"]) : Pick(["203.0.113.9", "203.0.113.20-203.0.113.130"]));
            lines.Add($"add {name} {_entries[^1]}{(isException ? " nomatch" : "")}");
        }

        return string.Join('\n', lines) + "\n";
    }

    /// <summary>A list of sets.</summary>
    public string MakeList(string name, IReadOnlyList<string> members) =>
        $"create {name} list:set{(random.Next(2) == 0 ? " size 16" : "")}\n{string.Concat(members.Where(_ => random.Next(3) != 0).Select(member => $"add {name} {member}\n"))}";

    /// <summary>What to look up in the set of a type that was made last: a field for each that its entries have, often those of an entry.</summary>
    public string Key(string type)
    {
        string[] fields = [.. Pick([.. _entries]).Split(',').Select(static field => field.Split('/')[0].Split('-')[0])];
        bool isAsked = random.Next(2) == 0 && fields.All(field => !field.Contains(':', StringComparison.Ordinal) || field.StartsWith("tcp:", StringComparison.Ordinal) || field.StartsWith("udp:", StringComparison.Ordinal) || IpAddress.TryParse(field, out _));
        return isAsked ? string.Join(',', fields) : Any(type);
    }

    private string Any(string type) => string.Join(',', type[(type.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(',').Select(field => field switch
    {
        "port" when type == "bitmap:port" => Pick(s_ports),
        "port" => $"{Pick(["tcp", "udp"])}:{Pick(s_ports)}",
        _ => LabFamily.Address(Pick(s_addresses), family).ToString(),
    }));

    private string Options(string type)
    {
        string options = type switch
        {
            "bitmap:port" => " range 0-65535",
            "bitmap:ip" => Pick([" range 203.0.113.0/24", " range 198.51.100.5-198.51.100.9", " range 203.0.0.0/16 netmask 24"]),
            "bitmap:ip,mac" => " range 203.0.113.0/24",
            "hash:mac" => "",
            _ => family == IpFamily.IPv6 ? " family inet6" : Pick(["", " family inet"]),
        };
        options += type == "hash:ip" && random.Next(3) == 0 ? $" netmask {(family == IpFamily.IPv6 ? 96 : 0) + random.Next(20, 32)}" : "";
        options += type.StartsWith("hash:", StringComparison.Ordinal) ? Pick(["", "", " hashsize 64", " maxelem 1000", " forceadd"]) : "";
        return options + Pick(["", "", " timeout 600"]) + Pick(["", "", " counters"]) + Pick(["", "", " comment"]) + Pick(["", "", " skbinfo"]);
    }

    private string Entry(string type) => type switch
    {
        "bitmap:port" => Range(Pick(s_ports)),
        "hash:ip" => Ip(),
        "hash:net" => Net(),
        "hash:ip,port" => $"{Ip()},{Port()}",
        "hash:net,port" => $"{Net()},{Port()}",
        "hash:ip,port,ip" => $"{Ip()},{Port()},{Single()}",
        "hash:ip,port,net" => $"{Ip()},{Port()},{Net()}",
        "hash:net,net" => $"{Net()},{Net()}",
        "hash:net,port,net" => $"{Net()},{Port()},{Net()}",
        "hash:mac" => "02:00:00:00:00:01",
        "hash:ip,mac" => $"{Single()},02:00:00:00:00:01",
        "hash:ip,mark" => $"{Single()},0x{random.Next(1, 8)}",
        "hash:net,iface" => $"{Net()},{RouterLab.ClientInterface}",
        _ => "203.0.113.9,02:00:00:00:00:01",
    };

    private string Single() => LabFamily.Address(Pick(s_addresses), family).ToString();

    /// <summary>An address; of IPv4 also a range or a network, of which the kernel adds each address.</summary>
    private string Ip()
    {
        string address = Pick(s_addresses);
        return family == IpFamily.IPv6 ? Single() : random.Next(5) switch
        {
            0 => $"{address}/{random.Next(29, 32)}",
            1 => $"{address[..address.LastIndexOf('.')]}.{random.Next(0, 9)}-{address[..address.LastIndexOf('.')]}.{random.Next(9, 24)}",
            _ => address,
        };
    }

    private string Net()
    {
        string address = Pick(s_addresses);
        return random.Next(6) == 0 && family == IpFamily.IPv4
            ? $"{address[..address.LastIndexOf('.')]}.{random.Next(0, 9)}-{address[..address.LastIndexOf('.')]}.{random.Next(9, 140)}"
            : random.Next(6) == 0 ? Single() : LabFamily.Prefix($"{address}/{random.Next(7, 33)}", family);
    }

    private string Port() => random.Next(12) switch
    {
        0 => family == IpFamily.IPv4 ? "icmp:echo-request" : "icmpv6:echo-request",
        1 => "gre:0",
        2 => $"udplite:{Pick(s_ports)}",
        3 => $"sctp:{Pick(s_ports)}",
        4 => Pick(s_ports),
        _ => $"{Pick(["tcp", "udp"])}:{Range(Pick(s_ports))}",
    };

    private string Range(string port) => random.Next(3) == 0 ? $"{port}-{int.Parse(port, System.Globalization.CultureInfo.InvariantCulture) + random.Next(1, 8)}" : port;

    private string Pick(string[] of) => of[random.Next(of.Length)];
}
