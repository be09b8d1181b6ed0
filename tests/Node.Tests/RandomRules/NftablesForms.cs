namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>Forms of matches and statements of nft beside the usual ones, each with the hooks that it can be in.</summary>
internal static class NftablesForms
{
    private const string Input = "prerouting input forward";
    private const string Output = "output postrouting forward";

    /// <summary>Matches that the packet decides.</summary>
    public static IReadOnlyList<Form> Decided { get; } =
    [
        new("ct state ! new"), new("ct state ! established,related"), new("ct status ! dnat"), new("ct status ! snat,dnat"), new("tcp flags ! syn"), new("tcp flags ! fin,rst"), new("tcp flags syn / syn,ack"), new("tcp flags syn,ack / syn,ack"),
        new("ct mark and 0x3 == 0x1"), new("ct mark & 0x1 != 0x1"), new("ct mark { 0x0, 0x1 }"), new("meta mark and 0xf0 != 0x10"), new("meta mark != { 0x1, 0x2 }"), new("iifname . ip daddr { \"c0\" . 198.51.100.0/24, \"w0\" . 10.9.2.1 }", Input),
        new("iifname . oifname { \"c0\" . \"w0\", \"lo\" . \"lo\" }", "forward"), new("oifname != { \"c0\", \"lo\" }", Output), new("iif \"c0\"", Input), new("oif != \"lo\"", Output), new("ct original proto-src 1024-33000", Protocol: "tcp"), new("ct original ip saddr 203.0.113.0/25"),
        new("ct l3proto ipv4"), new("meta protocol ip"), new("ip saddr @timed"), new("ip saddr != @timed"), new("ip daddr . ip saddr @two"), new("ip saddr . tcp dport { 203.0.113.0/25 . 1-1023, 10.9.1.2 . 80 }"), new("ip saddr $lan"),
        new("ip saddr { $lan, 203.0.113.200 }"), new("tcp dport $web"), new("udp dport { $other, 443 }"), new("tcp dport eq 80"), new("udp dport ne 53"), new("tcp sport gt 33000"), new("fib daddr type != { local, broadcast }"), new("th dport { 80, 443 }", Protocol: "udp"),
        new("icmp type echo-request"), new("meta l4proto != { tcp, icmp }"), new("meta mark vmap { 0x1 : jump inner, 0x2 : continue, * : jump inner }"), new("meta mark & 0x3 vmap { 0x1 : jump inner, 0x2 : jump inner }"), new("ct direction vmap { original : jump inner, reply : drop }"),
        new("fib daddr type vmap { local : jump inner, unicast : continue }"), new("iifname . ip saddr vmap { \"c0\" . 203.0.113.0/24 : jump inner, \"w0\" . 203.0.113.9 : drop }", Input), new("ip saddr . tcp dport vmap { 203.0.113.0/24 . 80-90 : jump inner, 10.9.1.2 . 443 : continue }"),
        new("ct state vmap { new : jump inner, established : accept, untracked : continue }"), new("tcp flags vmap { syn : jump inner, syn | ack : drop }"), new("counter name tcp dport map { 80 : \"hits\", 443 : \"hits\" }"),
        new("ip dscp set cs1"), new("tcp option maxseg size set 1000"), new("meta mark set ct mark"), new("meta mark set ip saddr map { 203.0.113.0/25 : 0x1, 10.9.1.2 : 0x2 }"), new("meta mark set tcp dport map @numbers"),
        new("ct mark set tcp dport map { 80 : 0x1, 443 : 0x2 }"), new("meta mark set ct state map { new : 0x1, untracked : 0x3 }"), new("meta mark set iifname map { \"c0\" : 0x2, \"w0\" : 0x1 }", Input), new("meta mark set meta mark or 0x4"), new("meta mark set meta mark xor 0x1 and 0x3"),
        new("ct mark set ct mark or 0x2"), new("meta mark set ct mark and 0x3"), new("ct mark set meta mark xor 0x1"), new("add @seen { ip saddr timeout 10s }"), new("update @seen { ip saddr counter }"), new("log prefix \"a packet: \" level info"), new("log group 5"), new("counter name \"hits\""),
        new("ct label set 1"), new("meta nftrace set 0"),
    ];

    /// <summary>Matches that something else decides.</summary>
    public static IReadOnlyList<Form> Undecided { get; } =
    [
        new("limit rate 5/second"), new("limit rate over 5/second burst 3 packets"), new("limit name \"slow\""), new("limit name tcp dport map { 80 : \"slow\" }"), new("quota over 100 mbytes"), new("quota name \"much\""), new("ct count 20"), new("ct count over 20"), new("ether saddr 02:00:00:00:00:01", Input),
        new("meta length 20-50"), new("ip length < 50"), new("ip ttl < 5"), new("meta skuid 0", "output"), new("numgen inc mod 2 0"), new("numgen random mod 2 1"), new("numgen random mod 2 offset 5 5"), new("fib saddr . iif oif missing", "prerouting"),
        new("fib daddr oif \"w0\"", "prerouting"), new("meta cpu 0"), new("ip saddr @seen"), new("ip daddr @changing"), new("socket transparent 1", "prerouting"), new("rt ip nexthop 10.9.2.2", Output), new("meta iifgroup 0", Input), new("meta hour \"01:00\"-\"02:00\""), new("ct bytes > 100"), new("ct reply ip saddr 198.51.100.7"),
        new("ct status confirmed"), new("ct expiration 1s"), new("ct zone 0"), new("update @seen { ip saddr limit rate 5/second }"), new("tcp dport & 1 == 1"), new("ip saddr & 0.0.0.255 == 0.0.0.9"), new("tcp option maxseg exists"), new("meta mark set numgen inc mod 2 map { 0 : 0x1, 1 : 0x2 }"),
    ];

    /// <summary>Statements that end a rule in chains of the type nat.</summary>
    public static IReadOnlyList<Form> Translations { get; } =
    [
        new("meta l4proto tcp redirect to :tcp dport map { 80 : 8080, 443 : 8443 }", "dst"), new("meta l4proto tcp dnat ip to 198.18.1.7:tcp dport map { 80 : 8080, 53 : 5353 }", "dst"), new("dnat ip to ip saddr map { 203.0.113.0/25 : 198.18.1.7, 10.9.1.2 : 198.18.1.8 }", "dst"), new("redirect to :9000-9100", "dst", Protocol: "udp"),
        new("dnat ip to ip daddr . tcp dport map { 198.51.100.7 . 80 : 198.18.1.7 . 8080, 192.0.2.50 . 443 : 198.18.1.8 . 8443 }", "dst"), new("dnat ip addr . port to udp dport map { 53 : 198.18.1.9 . 5353, 80 : 198.18.1.9 . 8080 }", "dst"), new("masquerade to :2000-3000", "src", Protocol: "udp"),
        new("snat ip to oifname map { \"w0\" : 198.18.9.7, \"lo\" : 198.18.9.8 }", "src"), new("snat ip to ip daddr map { 198.51.100.0/24 : 198.18.9.7-198.18.9.9 }", "src"), new("snat ip prefix to ip saddr map { 203.0.113.0/24 : 198.18.9.0/24 }", "src"), new("masquerade fully-random,persistent", "src"),
        new("snat ip to 198.18.9.9:1024-65535", "src", Protocol: "tcp"), new("redirect to :8000-8010 random", "rare", Protocol: "tcp"), new("dnat ip to numgen inc mod 2 map { 0 : 198.18.1.7, 1 : 198.18.1.8 }", "rare"), new("dnat ip to 198.18.1.7-198.18.1.9", "rare"),
    ];

    /// <summary>What a rule must have been written with, and a packet have taken.</summary>
    public static IReadOnlyList<string> Counted { get; } =
    [
        "ip6? saddr", "ip6? daddr", "iifname ", "oifname ", "iif ", "oif ", "(tcp|udp) dport ", "(tcp|udp) sport ", "th dport", "l4proto \\{|l4proto != \\{", "(ip protocol|ip6 nexthdr) ", "ct state ", "ct state ! ", "ct status ", "ct status ! ", "meta mark [0{!&]", "ct mark [0{!&a]", "fib daddr type", "fib saddr type", "tcp flags", "tcp flags ! ",
        "ct original ", "ct direction", "ct l3proto", "nfproto", "pkttype", "@timed", "@two", "@pairs", "\\\"?c0\\\"? \\. ", "mark & .* vmap", "mark vmap", "direction vmap", "type vmap", "flags vmap", "state vmap", "saddr \\. tcp dport vmap",
        "meta length", "numgen (inc|random)", "@seen \\{", "saddr @seen", "@changing", "log prefix", "log group", "counter name \"hits\"", "counter name .*map", "dscp set", "maxseg size set", "mark set .*saddr map", "mark set .*dport map", "mark set ct state map",
        "mark set iifname map", "mark set meta mark", "mark set ct mark", "ct mark set", "ct zone set", "notrack", "redirect", "redirect to :tcp dport map", "dnat (ip6? )?to", "dnat .* map", "snat .* map", "prefix to", "masquerade", "masquerade to :", "fully-random", "reject", "reject with", "drop", "return", "jump sub", "goto sub", "jump inner", "goto inner",
    ];

    /// <summary>What a rule must have been written with: matches that are rare, since each leaves more than one end, and those that no packet of the test meets.</summary>
    public static IReadOnlyList<string> OnlyWritten { get; } =
        ["limit rate", "limit name", "quota over", "ct count", "icmp(v6)? type", "ether saddr", "(ttl|hoplimit) <", "skuid", "socket transparent", "nexthop", "iifgroup", "hour", "ct bytes", "ct reply", "status confirmed", "ct expiration", "ct zone 0", "oif missing", "\\$lan", "\\$web", "\\$other", " (eq|ne|gt) ", "maxseg exists", "tproxy"];
}
