namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <summary>What decides a match that is understood, when the addresses, ports and marks of a packet do not (iptables-extensions(8)).</summary>
/// <param name="DependsOn">What decides it.</param>
/// <param name="IsOfPacket">Whether the same match of another rule has the same answer for the same packet.</param>
internal readonly record struct Undecided(string DependsOn, bool IsOfPacket)
{
    private const string Rate = "the rate of packets";

    /// <summary>What decides the options of a module that are not decided; null for a module that is not understood.</summary>
    public static Undecided? Of(string module) => module switch
    {
        "limit" or "hashlimit" or "rateest" => new(Rate, IsOfPacket: false),
        "connlimit" => new("the number of connections", IsOfPacket: false),
        "connbytes" => new("the bytes and packets of the connection so far", IsOfPacket: false),
        "quota" => new("the bytes counted so far", IsOfPacket: false),
        "time" => new("the time of day", IsOfPacket: false),
        "recent" => new("whether the client is in the list of recent addresses", IsOfPacket: false),
        "set" => new("the contents of the ipset", IsOfPacket: true),
        "mac" => new("the MAC address of the sender", IsOfPacket: true),
        "length" => new("the length of the packet", IsOfPacket: true),
        "ttl" or "hl" => new("the TTL of the packet", IsOfPacket: true),
        "dscp" or "tos" or "ecn" => new("the DSCP field of the packet", IsOfPacket: true),
        "owner" => new("the user of the program that sends", IsOfPacket: true),
        "cgroup" => new("the cgroup of the program that sends", IsOfPacket: true),
        "socket" => new("whether a local program has a socket for the packet", IsOfPacket: true),
        "physdev" => new("the bridge port of the packet", IsOfPacket: true),
        "realm" or "rpfilter" => new("the routes of the node", IsOfPacket: true),
        "policy" => new("IPsec policies", IsOfPacket: true),
        "pkttype" => new("how the packet was addressed on the link", IsOfPacket: true),
        "devgroup" => new("the group of the interface", IsOfPacket: true),
        "cpu" => new("the CPU that handles the packet", IsOfPacket: false),
        "conntrack" => new("the connection's entry in conntrack", IsOfPacket: true),
        "helper" => new("the conntrack helper of the connection", IsOfPacket: true),
        "string" or "u32" or "bpf" => new("the contents of the packet", IsOfPacket: true),
        "tcpmss" => new("the TCP options of the packet", IsOfPacket: true),
        _ => null,
    };
}
