using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What a refused client gets, and how its system reports it (net/ipv4/icmp.c, icmp_err_convert; net/ipv6/icmp.c, icmpv6_err_convert).</summary>
/// <param name="Name">The error in words.</param>
/// <param name="Report">What a program of the client is told.</param>
internal readonly record struct Refusal(string Name, string Report)
{
    private const string Refused = "Connection refused";
    private const string NoHost = "No route to host";
    private const string NoNetwork = "Network is unreachable";
    private const string Denied = "Permission denied";

    /// <summary>Whether it is the usual one, of a port where nothing listens.</summary>
    public bool IsUsual => Name == "port unreachable";

    /// <summary>Whether it is a TCP reset and no ICMP error.</summary>
    public bool IsReset => Name == "TCP reset";

    /// <summary>Of the value of <c>--reject-with</c> or of nft's <c>reject with</c>; empty for the default.</summary>
    public static Refusal Of(string with, IpFamily family)
    {
        string kind = with.Replace(' ', '-');
        kind = kind.StartsWith("icmp6-", StringComparison.Ordinal) ? kind[6..] : kind.StartsWith("icmp-", StringComparison.Ordinal) ? kind[5..] : kind;
        bool isIPv4 = family == IpFamily.IPv4;
        return kind switch
        {
            "tcp-reset" or "reset" => new("TCP reset", Refused),
            "net-unreachable" or "net-unreach" or "no-route" => new("network unreachable", NoNetwork),
            "host-unreachable" or "host-unreach" or "addr-unreachable" or "addr-unreach" => new("host unreachable", NoHost),
            "proto-unreachable" or "proto-unreach" or "prot-unreachable" => new("protocol unreachable", "Protocol not available"),
            "net-prohibited" => new("network prohibited", NoNetwork),
            "host-prohibited" => new("host prohibited", NoHost),
            "admin-prohibited" or "adm-prohibited" => new("administratively prohibited", isIPv4 ? NoHost : Denied),
            "policy-fail" => new("source address failed policy", Denied),
            "reject-route" => new("reject route", Denied),
            _ => new("port unreachable", Refused),
        };
    }
}
