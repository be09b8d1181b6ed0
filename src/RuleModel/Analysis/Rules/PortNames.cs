using System.Collections.Frozen;
using System.Globalization;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>Ports as rules write them: numbers, or the common names of /etc/services, which iptables and older versions of nft accept and print.</summary>
public static class PortNames
{
    private static readonly FrozenDictionary<string, ushort> s_ports = new Dictionary<string, ushort>(StringComparer.Ordinal)
    {
        ["ftp-data"] = 20,
        ["ftp"] = 21,
        ["ssh"] = 22,
        ["telnet"] = 23,
        ["smtp"] = 25,
        ["domain"] = 53,
        ["bootps"] = 67,
        ["bootpc"] = 68,
        ["tftp"] = 69,
        ["http"] = 80,
        ["www"] = 80,
        ["kerberos"] = 88,
        ["pop3"] = 110,
        ["sunrpc"] = 111,
        ["ntp"] = 123,
        ["imap2"] = 143,
        ["snmp"] = 161,
        ["bgp"] = 179,
        ["ldap"] = 389,
        ["https"] = 443,
        ["microsoft-ds"] = 445,
        ["submission"] = 587,
        ["ldaps"] = 636,
        ["domain-s"] = 853,
        ["imaps"] = 993,
        ["pop3s"] = 995,
        ["openvpn"] = 1194,
        ["nfs"] = 2049,
        ["mysql"] = 3306,
        ["postgresql"] = 5432,
        ["mdns"] = 5353,
        ["http-alt"] = 8080,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Reads a port; false for a name that is not known here.</summary>
    public static bool TryParse(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) || s_ports.TryGetValue(text, out port);
}
