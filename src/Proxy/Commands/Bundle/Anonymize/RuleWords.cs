using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>Words that tools and kube-proxy write into rules, and numbers. Every other word may be somebody's own, and is replaced.</summary>
internal static partial class RuleWords
{
    /// <summary>Targets, matches and values of iptables-extensions(8) and nft(8).</summary>
    private const string OfTools =
        """
        ACCEPT DROP RETURN QUEUE REJECT MASQUERADE DNAT SNAT REDIRECT NETMAP MARK CONNMARK LOG NFLOG NFQUEUE NOTRACK CT TPROXY TCPMSS TRACE SET AUDIT CHECKSUM CLASSIFY DSCP TOS TTL HL
        ECN SYNPROXY TEE CLUSTERIP DNPT SNPT CONNSECMARK SECMARK ULOG MIRROR SAME IDLETIMER LED RATEEST HMARK
        PREROUTING INPUT FORWARD OUTPUT POSTROUTING filter nat mangle raw security ip ip6 inet arp bridge netdev ipv4 ipv6 IPv4 IPv6
        comment conntrack tcp udp udplite sctp dccp icmp icmpv6 ipv6-icmp esp ah gre ipip ipencap all igmp ospf vrrp mark connmark set addrtype statistic recent physdev multiport limit
        hashlimit state rpfilter mac iprange string owner socket tos dscp ttl hl length pkttype time u32 bpf cgroup cluster connbytes connlabel connlimit cpu devgroup helper hbh
        dst frag rt eui64 policy quota rateest realm tcpmss nfacct ipvs mh ecn
        NEW ESTABLISHED RELATED INVALID UNTRACKED DNAT SNAT SEEN_REPLY ASSURED CONFIRMED NONE EXPECTED ORIGINAL REPLY
        LOCAL UNICAST BROADCAST ANYCAST MULTICAST BLACKHOLE UNREACHABLE PROHIBIT THROW UNSPEC NAT XRESOLVE
        FIN SYN RST PSH ACK URG ALL NONE ECE CWR random nth src dst srcip dstip srcport dstport bm kmp in out pol ipsec none level strict mode tunnel transport
        icmp-port-unreachable icmp-host-unreachable icmp-net-unreachable icmp-proto-unreachable icmp-host-prohibited icmp-net-prohibited icmp-admin-prohibited
        icmp6-port-unreachable icmp6-addr-unreachable icmp6-no-route icmp6-adm-prohibited tcp-reset port-unreachable host-unreachable net-unreachable admin-prohibited addr-unreachable
        no-route echo-request echo-reply destination-unreachable time-exceeded parameter-problem redirect router-advertisement router-solicitation neighbour-advertisement
        neighbour-solicitation neighbor-advertisement neighbor-solicitation packet-too-big any second sec minute min hour day unlimited
        accept drop return queue continue reject masquerade dnat snat jump goto verdict established related new invalid untracked original reply
        random fully-random persistent prerouting input forward output postrouting ingress egress route
        local unicast broadcast multicast anycast blackhole unreachable prohibit saddr daddr sport dport protocol nexthdr l4proto nfproto th iif oif iifname oifname
        meta payload fib ct numgen rt exthdr ipv4_addr ipv6_addr inet_proto inet_service inet_proto_type ifname mark ether_addr ether_type iface_index classid ct_state interval timeout dynamic constant
        add update delete inc random type icmpv6 tcp-option fin syn rst psh ack urg ecn cwr host exists missing true false null type status direction
        kube-proxy hash:ip hash:net hash:ip,port hash:ip,port,ip hash:ip,port,net hash:net,port hash:net,iface hash:mac hash:ip,mark hash:net,net bitmap:ip bitmap:port bitmap:ip,mac list:set
        create family inet inet6 hashsize maxelem counters skbinfo forceadd nomatch netmask bucketsize initval size range packets bytes
        TCP UDP SCTP FWM Prot LocalAddress:Port Scheduler Flags RemoteAddress:Port Forward Weight ActiveConn InActConn IP Virtual Server version rr wrr lc wlc sh dh sed nq lblc lblcr mh
        Masq Route Tunnel Local persistent ops mask ->
        - == != < > <= >= & | ^ << >> in
        localhost_nps_accepted_pkts ct_state_invalid_dropped_pkts
        """;

    /// <summary>The comments of kube-proxy and of this program, by word.</summary>
    private const string OfComments =
        """
        cluster IP loadbalancer external has no endpoints local node port health check kubernetes service services portals load balancer firewall forwarding rules rule
        externally-visible postrouting masquerade conntrack pod source destination traffic traffic for from to of by and or that is are in this the not must be last chain NOTE: nodeports;
        nodeports nodeport requiring SNAT outside block incoming localnet connections connection short-circuit route destinations vmap drop reject packets with hairpin helper
        Reject Drop Active ClusterIPs ClusterIP, ExternalIP LoadBalancer NodePort IPs accept invalid ports unallocated subject LoadBalancerSourceRanges accepted / @no-endpoint-services
        @no-endpoint-nodeports slot egress clusterIP LOCAL -> rules kube-proxy allow deny default policy accept
        """;

    private static readonly FrozenSet<string> s_tools = Words(OfTools);
    private static readonly FrozenSet<string> s_comments = Words(OfComments);

    /// <summary>Whether a text is a word of a tool, or a number.</summary>
    public static bool IsOfTools(string text) => text.Length == 0 || s_tools.Contains(text) || Number().IsMatch(text);

    /// <summary>Whether a text is a word of kube-proxy's comments, or a number.</summary>
    public static bool IsOfComments(string text) => text.Length == 0 || s_comments.Contains(text) || Number().IsMatch(text);

    /// <summary>Whether a text is an option such as <c>--dport</c>.</summary>
    public static bool IsOption(string text) => text == "!" || Option().IsMatch(text);

    private static FrozenSet<string> Words(string text) => text.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);

    [GeneratedRegex(@"^(?!-?[0-9]+(\.[0-9]+){3})-?(0x[0-9a-fA-F]+|[0-9]+)([/:,.](0x[0-9a-fA-F]+|[0-9]+)){0,3}(-(0x[0-9a-fA-F]+|[0-9]+))?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();

    [GeneratedRegex("^--?[a-zA-Z][a-zA-Z0-9-]*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Option();
}
