namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>Forms of matches and targets of iptables beside the usual ones, each with the chains that it can be in.</summary>
internal static class IptablesForms
{
    private const string Input = "PREROUTING INPUT FORWARD";
    private const string Output = "OUTPUT POSTROUTING";

    /// <summary>Matches that the packet decides.</summary>
    public static IReadOnlyList<Form> Decided { get; } =
    [
        new("! -f"), new("-f"), new("-m conntrack --ctproto 6"), new("-m conntrack ! --ctproto 17"), new("-m conntrack --ctstatus NONE"), new("-m conntrack ! --ctstatus NONE"),
        new("-m conntrack ! --ctstatus SEEN_REPLY,ASSURED"), new("-m conntrack --ctstatus ASSURED"), new("-m conntrack --ctorigsrcport 1024:33000"), new("-m conntrack ! --ctorigdstport 80"),
        new("-m conntrack --ctorigdstport 1:1023"), new("-m conntrack --ctstate NEW --ctdir ORIGINAL"), new("-m conntrack --ctdir ORIGINAL --ctproto 6"), new("-m state --state NEW"),
        new("-m pkttype --pkt-type unicast"), new("-m pkttype ! --pkt-type multicast"), new("-m multiport --sports 1024:33000,40000:65535", Protocol: "tcp"),
        new("-m multiport ! --dports 80,8000:9000", Protocol: "udp"), new("-p icmp -m icmp --icmp-type 8", Protocol: "none"), new("! -p icmp", Protocol: "none"), new("-p sctp -m sctp --dport 80", Protocol: "none"),
        new("! -p tcp", Protocol: "none"), new("-p udp -m multiport --ports 53,1024:40000", Protocol: "none"), new("-m addrtype ! --dst-type BROADCAST,MULTICAST"), new("-m addrtype --src-type UNICAST --dst-type LOCAL"),
        new("-m mark --mark 0x2/0x2 -m connmark --mark 0x0/0x4"), new("-m owner ! --uid-owner 12345", "POSTROUTING"), new("-m tcp --tcp-flags SYN,RST,ACK SYN", Protocol: "tcp"), new("-s 203.0.113.0/24 -d 198.51.100.0/24"),
    ];

    /// <summary>Matches that something else decides.</summary>
    public static IReadOnlyList<Form> Undecided { get; } =
    [
        new("-m limit --limit 5/sec"), new("-m limit --limit 1/hour --limit-burst 1"), new("-m hashlimit --hashlimit-above 5/sec --hashlimit-name a --hashlimit-mode srcip"), new("-m connlimit --connlimit-upto 3"),
        new("-m mac --mac-source 02:00:00:00:00:01", Input), new("-m mac ! --mac-source 02:00:00:00:00:01", Input), new("-m length --length 0:50"), new("-m ttl --ttl-lt 5"), new("-m owner --uid-owner 0", Output),
        new("-m owner ! --gid-owner 12345", Output), new("-m physdev --physdev-in x0", "FORWARD"), new("-m socket --nowildcard", "PREROUTING", Table: "mangle"), new("-m statistic --mode nth --every 2 --packet 0"),
        new("-m statistic --mode nth --every 3 --packet 1"), new("-m statistic --mode random --probability 0.50000000000"), new("-m recent --name seen --update --seconds 60 --hitcount 4"), new("-m time --timestart 01:00 --timestop 02:00"),
        new("-m quota --quota 100000"), new("-m connbytes --connbytes 1:10 --connbytes-mode packets --connbytes-dir both"), new("-m dscp --dscp 0"), new("-m tos --tos 0x10"), new("-m string --string abc --algo bm"),
        new("-m u32 --u32 0&0=0"), new("-m bpf --bytecode \"1,6 0 0 1\""), new("-m rpfilter --invert", "PREROUTING", Table: "mangle"), new("-m policy --dir in --pol none", Input), new("-m cpu --cpu 0"), new("-m devgroup --src-group 0", Input),
        new("-m helper --helper ftp"), new("-m tcpmss --mss 1:100", Protocol: "tcp"), new("-m tcp --tcp-option 2", Protocol: "tcp"), new("-m addrtype --dst-type LOCAL --limit-iface-in", Input), new("-m conntrack --ctstatus CONFIRMED"),
        new("-m conntrack --ctstatus EXPECTED"), new("-m conntrack --ctreplsrc 198.51.100.7"),
    ];

    /// <summary>Targets after which the packet goes on. TEE is not one of them: its copies, which rules of OUTPUT see and may route anew, would be taken for the packet.</summary>
    public static IReadOnlyList<Form> Passing { get; } =
    [
        new("-j LOG --log-prefix \"a packet: \" --log-level 4"), new("-j NFLOG --nflog-group 5 --nflog-prefix x"), new("-j AUDIT --type accept", Table: "filter"), new("-j TRACE", Table: "raw"), new("-j CT --zone 5", Table: "raw"), new("-j CT --zone-orig 6", Table: "raw"),
        new("-j CLASSIFY --set-class 1:1", "POSTROUTING FORWARD OUTPUT", Table: "mangle"), new("-j TCPMSS --set-mss 1000", Protocol: "syn", Table: "mangle"),
        new("-j TCPOPTSTRIP --strip-options 3", Protocol: "tcp", Table: "mangle"), new("-j CONNMARK --and-mark 0x1", Table: "mangle"), new("-j CONNMARK --or-mark 0x2", Table: "mangle"), new("-j CONNMARK --xor-mark 0x3", Table: "mangle"),
        new("-j CONNMARK --set-mark 0x12/0x2", Table: "mangle"), new("-j CONNMARK --save-mark --mask 0x1", Table: "mangle"), new("-j CONNMARK --save-mark --nfmask 0xf --ctmask 0x3", Table: "mangle"), new("-j CONNMARK --restore-mark --mask 0x3", Table: "mangle"),
        new("-j CONNMARK --restore-mark --nfmask 0x3 --ctmask 0xf", Table: "mangle"), new("-j MARK --set-xmark 0x10/0x30", Table: "mangle"), new("-j MARK --set-xmark 0x0/0x0", Table: "mangle"), new("-m recent --name seen --set"),
    ];

    /// <summary>Targets that hand the packet to a program, which is not there.</summary>
    public static IReadOnlyList<Form> HandedOver { get; } =
    [
        new("-j NFQUEUE --queue-num 3 --queue-bypass"), new("-j NFQUEUE --queue-num 4"), new("-j TPROXY --on-port 9999 --tproxy-mark 0x1/0x1", "PREROUTING", "mangle", "tcp"),
    ];

    /// <summary>What a rule must have been written with, and a packet have taken.</summary>
    public static IReadOnlyList<string> Counted { get; } =
    [
        " -s ", " -d ", " -i ", " -o ", "--dport ", "--sport ", "--dports ", "--sports ", "--ports ", "--src-range", "--dst-range", "--src-type", "--dst-type", "-m mark ", "-m connmark ", "--ctstate", "--ctstatus",
        "--ctproto", "--ctorigsrc ", "--ctorigdst ", "--ctorigsrcport", "--ctorigdstport", "--ctdir", "--tcp-flags", "--pkt-type", "--state ", "-m comment", "! -p ", "-m owner",
        "-j CT --zone", "-j CT --notrack", "-j MARK", "-j CONNMARK --set", "-j CONNMARK --save", "-j CONNMARK --restore",
        "-j MASQUERADE", "-j SNAT", "-j DNAT", "-j REDIRECT", "-j NETMAP", "--random-fully", "--random$", "--persistent", "--to-ports ",
        "-j REJECT", "-j DROP", "-j ACCEPT", "-j RETURN", "-j user", "-g user", "-j inner", "-g inner",
    ];

    /// <summary>
    /// What a rule must have been written with: matches that are rare, since each leaves more than one end, those that no packet of the test
    /// meets, and targets without effect, which no answer names.
    /// </summary>
    public static IReadOnlyList<string> OnlyWritten { get; } =
    [
        "-f ", "--icmp(v6)?-type", "-p sctp", "-m limit", "-m hashlimit", "-m connlimit", "-m mac", "-m length", "-m (ttl|hl)", "-m physdev", "-m socket", "--mode nth", "--mode random", "-m recent", "-m time", "-m quota", "-m connbytes",
        "-m dscp", "-m tos", "-m string", "-m u32", "-m bpf", "-m rpfilter", "-m policy", "-m cpu", "-m devgroup", "-m helper", "-m tcpmss", "--tcp-option", "--limit-iface-in", "--ctstatus CONFIRMED", "--ctstatus EXPECTED", "--ctreplsrc",
        "-j LOG", "-j NFLOG", "-j AUDIT", "-j TRACE", "-j CLASSIFY", "-j TCPMSS", "-j TCPOPTSTRIP", "-j (TTL|HL) ", "-j (TOS|DSCP) ", "-j CHECKSUM", "-j NFQUEUE", "-j TPROXY",
    ];
}

/// <summary>A match or target.</summary>
/// <param name="Text">As iptables-restore takes it.</param>
/// <param name="Chains">The base chains that it can be in, separated by spaces; empty for all, and for chains that rules jump to.</param>
/// <param name="Table">The table that it can be in; empty for all.</param>
/// <param name="Protocol">The protocol that the rule must ask for; <c>none</c> if the match itself asks for one, empty for any.</param>
internal sealed record Form(string Text, string Chains = "", string Table = "", string Protocol = "");
