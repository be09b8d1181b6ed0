using System.Globalization;
using System.Text;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>Random rules in nft's language, made of all matches and statements that explain understands.</summary>
/// <param name="random">The source of chance.</param>
internal sealed class RandomNftables(Random random)
{
    private readonly Deck<Form> _decided = new(random, NftablesForms.Decided);
    private readonly Deck<Form> _undecided = new(random, NftablesForms.Undecided);
    private readonly Deck<Form> _translations = new(random, NftablesForms.Translations);

    private static readonly (string Chain, string Type, string Hook, string Priority)[] s_chains =
    [
        ("early", "filter", "prerouting", "raw"),
        ("own", "filter", "output", "raw"),
        ("todst2", "nat", "prerouting", "-150"),
        ("marks", "filter", "prerouting", "mangle"),
        ("todst", "nat", "prerouting", "dstnat"),
        ("otodst", "nat", "output", "-100"),
        ("toin", "filter", "input", "filter"),
        ("through", "filter", "forward", "filter"),
        ("through2", "filter", "forward", "filter + 10"),
        ("through3", "filter", "forward", "filter"),
        ("toout", "filter", "output", "filter"),
        ("tosrc", "nat", "postrouting", "srcnat"),
        ("tosrc2", "nat", "postrouting", "srcnat"),
        ("late", "filter", "postrouting", "srcnat + 20"),
    ];

    /// <summary>A rule set as <c>nft -f</c> takes it.</summary>
    public string Make()
    {
        string family = Pick("ip", "inet");
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"flush ruleset\ndefine lan = {{ 203.0.113.0/25,\n  10.9.1.0/24 }} # of clients\ndefine web = 80\ndefine other = {{ 53, $web }}\ntable {family} t {{\n");
        text.Append("""
             counter hits { }
             limit slow { rate 10/second; }
             quota much { over 100 mbytes; }
             set timed { type ipv4_addr; flags timeout; timeout 1h; elements = { 203.0.113.9, 10.9.1.2 timeout 2h }; }
             set seen { type ipv4_addr; flags dynamic, timeout; timeout 1m; size 65535; }
             set changing { type ipv4_addr; flags dynamic; size 65535; elements = { 198.51.100.7 }; }
             set two { type ipv4_addr . ipv4_addr; flags interval; elements = { 198.51.100.0/24 . 203.0.113.0/25, 192.0.2.50 . 203.0.113.130 }; }
             map numbers { type inet_service : mark; flags interval; elements = { 80 : 0x1, 443 : 0x2, 8000-8100 : 0x10 }; }
             set addresses { type ipv4_addr; flags interval; elements = { 203.0.113.0-203.0.113.20, 198.51.100.0/28, 192.0.2.50 }; }
             set names { type ifname; elements = { "c0", "lo" }; }
             set ports { type inet_service; flags interval; elements = { 80, 443, 8000-8100 }; }
             set pairs { type ipv4_addr . inet_service; flags interval; elements = { 198.51.100.0/24 . 80, 192.0.2.50 . 1-1023 }; }
             map verdicts { type ifname : verdict; elements = { "c0" : jump sub, "w0" : drop }; }
             map ways { type inet_service : verdict; flags interval; elements = { 80 : accept, 443 : jump sub, 8000-8100 : drop }; }
             map targets { type ipv4_addr : ipv4_addr; flags interval; elements = { 198.51.100.0/24 : 198.18.1.7, 192.0.2.50 : 10.9.2.1 }; }
             map both { type inet_service : ipv4_addr . inet_service; elements = { 80 : 198.18.1.8 . 8080, 443 : 198.18.1.9 . 8443 }; }

            """);
        text.Append(" chain inner {\n");
        Fill(text, "inner", "", 2);
        text.Append(" }\n chain sub {\n");
        Fill(text, "sub", "", 2);
        text.Append(" }\n");
        foreach ((string chain, string type, string hook, string priority) in s_chains)
        {
            string policy = type == "filter" && chain is "toin" or "through" && random.Next(4) == 0 ? "drop" : "accept";
            text.Append(CultureInfo.InvariantCulture, $" chain {chain} {{\n  type {type} hook {hook} priority {priority}; policy {policy};\n");
            if (type != "nat")
            {
                // What answers to refused packets need, whatever the other rules do.
                text.Append("  meta l4proto icmp accept\n  tcp flags & rst == rst accept\n");
            }

            Fill(text, chain, hook, random.Next(type == "nat" ? 3 : 4));
            text.Append(" }\n");
        }

        // Some words are for tables of both families only.
        string made = text.Append("}\n").ToString();
        return family == "inet" ? made : made.Replace("icmpx", "icmp", StringComparison.Ordinal).Replace("meta nfproto ipv4", "counter", StringComparison.Ordinal);
    }

    private void Fill(StringBuilder text, string chain, string hook, int count)
    {
        for (int number = 0; number < count; number++)
        {
            string rule = Rule(chain, hook);
            while (AsksForTwoProtocols(rule))
            {
                // nft refuses a rule that asks for two protocols.
                rule = Rule(chain, hook);
            }

            text.Append(CultureInfo.InvariantCulture, $"  {rule}\n");
        }
    }

    private static bool AsksForTwoProtocols(string rule)
    {
        bool hasSet = rule.Contains("sctp }", StringComparison.Ordinal);
        string rest = rule.Replace("{ tcp, sctp }", "", StringComparison.Ordinal).Replace("{ udp, sctp }", "", StringComparison.Ordinal).Replace("tcp . 80", "", StringComparison.Ordinal).Replace("udp . 53", "", StringComparison.Ordinal);
        bool isTcp = rest.Contains("tcp", StringComparison.Ordinal);
        bool isUdp = rest.Contains("udp", StringComparison.Ordinal);
        bool isIcmp = rest.Contains("icmp type", StringComparison.Ordinal);
        return (isTcp && isUdp) || (hasSet && (isTcp || isUdp)) || (isIcmp && (isTcp || isUdp || hasSet || rest.Contains("th ", StringComparison.Ordinal)));
    }

    private string Rule(string chain, string hook)
    {
        List<string> parts = [];
        if (random.Next(4) == 0)
        {
            bool isEarly = chain is "early" or "own";
            Form? form = (random.Next(25) == 0 ? _undecided : _decided).Next(form => (form.Chains.Length == 0 || form.Chains.Split(' ').Contains(hook))
                && (!(isEarly || chain == "inner") || !form.Text.Contains("jump inner", StringComparison.Ordinal))
                && (!isEarly || !form.Text.Contains("ct ", StringComparison.Ordinal) || form.Text.StartsWith("ct state", StringComparison.Ordinal)));
            if (form is not null)
            {
                parts.Add(form.Protocol.Length == 0 ? form.Text : $"meta l4proto {form.Protocol} {form.Text}");
            }
        }

        int matches = random.Next(parts.Count == 0 ? 3 : 2);
        for (int number = 0; number < matches; number++)
        {
            parts.Add(Match(chain, hook));
        }

        parts.RemoveAll(part => part.Length == 0);
        parts.Add(Statement(chain));
        return string.Join(' ', parts);
    }

    private string Match(string chain, string hook)
    {
        string not = random.Next(3) == 0 ? "!= " : "";
        bool hasInput = hook is "prerouting" or "input" or "forward";
        bool hasOutput = hook is "output" or "postrouting" or "forward";
        bool isTracked = chain is not ("early" or "own");
        switch (random.Next(24))
        {
            case 0:
                return $"ip saddr {not}{Pick("203.0.113.0/25", "203.0.113.9", "10.9.1.2", "203.0.113.9-203.0.113.20", "{ 203.0.113.9, 10.9.0.0/16 }", "@addresses")}";
            case 1 or 2:
                return $"ip daddr {not}{Pick("198.51.100.0/24", "198.51.100.7", "{ 192.0.2.0/24, 10.9.2.1 }", "198.51.100.1-198.51.100.9", "@addresses")}";
            case 3:
                return hasInput ? $"iifname {not}{Pick("\"c0\"", "\"c*\"", "{ \"c0\", \"w0\" }", "@names")}" : "";
            case 4:
                return hasOutput ? $"oifname {not}{Pick("\"w0\"", "\"w*\"", "{ \"lo\", \"w0\" }", "@names")}" : "";
            case 5 or 6:
                return $"{Pick("tcp", "udp")} dport {not}{Pick("80", "1-1023", "{ 80, 443 }", "{ 53, 8000-8100 }", "@ports")}";
            case 7:
                return $"{Pick("tcp", "udp")} sport {not}{Pick("1024-65535", "1-33000", "{ 1024-30000, 50000 }")}";
            case 8:
                return $"meta l4proto {{ {Pick("tcp", "udp")}, sctp }} th dport {Pick("{ 53, 80 }", "443", "!= 80")}";
            case 9:
                return $"ip protocol {not}{Pick("tcp", "udp", "{ tcp, udp }")}";
            case 10:
                return $"ct state {not}{Pick("new", "established,related", "invalid", "{ new, untracked }", "new,untracked")}";
            case 11:
                return isTracked ? $"ct status {Pick("dnat", "snat", "!= dnat", "snat,dnat")}" : "";
            case 12 or 13:
                return $"meta mark {Pick("0x1", "!= 0x1", "& 0x3 == 0x1", "{ 0x1, 0x2, 0x10 }", "& 0x10 != 0")}";
            case 14:
                return isTracked ? $"ct mark {Pick("0x1", "!= 0x1", "& 0x3 == 0x1")}" : "";
            case 15:
                return $"fib daddr type {not}{Pick("local", "unicast", "{ local, multicast }")}";
            case 16:
                return $"fib saddr type {not}{Pick("local", "unicast")}";
            case 17:
                return $"tcp flags {Pick("syn", "& (fin | syn | rst | ack) == syn", "!= syn", "& (syn | ack) == ack", "syn,ack", "{ syn, syn | ack }", "{ ack, fin }")}";
            case 18:
                return $"ip daddr . tcp dport {not}{Pick("@pairs", "{ 198.51.100.7 . 80, 192.0.2.50 . 443 }")}";
            case 19:
                return isTracked ? $"ct original ip daddr {not}198.51.100.0/24" : "";
            case 20:
                return isTracked ? Pick("ct direction original", "ct direction reply", $"meta l4proto tcp ct original proto-dst {not}80") : "";
            case 21:
                return $"tcp dport {Pick("> 1024", "< 1024", ">= 443")}";
            case 22:
                return random.Next(30) == 0 ? "numgen random mod 2 0" : "counter";
            default:
                return Pick("meta nfproto ipv4", "counter", "meta pkttype host");
        }
    }

    private string Statement(string chain)
    {
        if (chain is not ("sub" or "inner" or "todst" or "todst2" or "otodst" or "tosrc" or "tosrc2") && random.Next(5) == 0)
        {
            return chain is "early" or "own" ? "jump sub" : Pick("jump sub", "goto sub", "iifname vmap @verdicts", "tcp dport vmap @ways", "ct state vmap { new : jump sub, untracked : accept }", "ip daddr vmap { 198.51.100.0/24 : accept, 192.0.2.50 : drop, 0.0.0.0 : drop }", "meta l4proto . th dport vmap { tcp . 80 : accept, udp . 53 : drop }");
        }

        if (chain is "todst" or "todst2" or "otodst" or "tosrc" or "tosrc2" && random.Next(3) == 0)
        {
            bool isDestination = chain.Contains("dst", StringComparison.Ordinal);
            bool isRare = isDestination && random.Next(15) == 0;
            if (_translations.Next(form => form.Chains == (isRare ? "rare" : isDestination ? "dst" : "src")) is { } form)
            {
                return form.Protocol.Length == 0 ? form.Text : $"meta l4proto {form.Protocol} {form.Text}";
            }
        }

        if (chain == "marks" && random.Next(80) == 0)
        {
            return "meta l4proto tcp tproxy ip to :9999";
        }

        switch (chain)
        {
            case "early" or "own":
                return Pick("ct zone set 5", "notrack", "return", "accept", "meta mark set 0x1", "counter");
            case "marks" or "late":
                return Pick("meta mark set 0x1", "meta mark set meta mark | 0x10", "meta mark set meta mark & 0xfffffffe", "meta mark set meta mark ^ 0x3", "meta mark set meta mark & 0xf0 | 0x2", "ct mark set meta mark", "meta mark set ct mark", "ct mark set 0x1", "ct mark set meta mark & 0x3", "ip dscp set cs1", "tcp option maxseg size set 1000", "accept", "return");
            case "todst" or "todst2" or "otodst":
                return Pick(
                    "dnat ip to 198.18.1.7", "meta l4proto tcp dnat ip to 198.18.1.7:8080", random.Next(8) == 0 ? "dnat ip to jhash ip saddr mod 2 map { 0 : 198.18.1.7, 1 : 198.18.1.8 }" : "counter", "meta l4proto udp dnat ip to 198.18.1.8:70-90", "meta l4proto tcp redirect to :15001", "redirect", "accept", "return",
                    "dnat ip to ip daddr map @targets", "dnat ip to tcp dport map @both", "meta l4proto tcp dnat to :9443", "dnat ip prefix to ip daddr map { 198.51.100.0/24 : 198.18.0.0/24, 192.0.2.0/24 : 198.18.2.0/24 }");
            case "tosrc" or "tosrc2":
                return Pick(
                    "masquerade", "masquerade random", "meta l4proto tcp masquerade to :2000-3000", "snat ip to 198.18.9.9", "snat ip to 198.18.9.9-198.18.9.12 persistent", "meta l4proto udp snat ip to 198.18.9.9:2000-2999 fully-random",
                    "snat ip to ip saddr map { 203.0.113.0/25 : 198.18.9.7, 10.9.1.2 : 198.18.9.8 }", "accept", "return");
            case "sub":
                return Pick("jump inner", "goto inner", "meta mark set 0x2", "return", "counter", "accept", "meta mark set meta mark | 0x1");
            case "inner":
                return Pick("meta mark set 0x1", "return", "counter", "accept", "meta mark set meta mark ^ 0x2");
            default:
                return Pick("accept", "accept", "drop", "return", "reject", "reject with icmpx admin-prohibited", "reject with icmpx host-unreachable", "reject with tcp reset", "meta mark set 0x1");
        }
    }

    private string Pick(params string[] choices) => choices[random.Next(choices.Length)];
}
