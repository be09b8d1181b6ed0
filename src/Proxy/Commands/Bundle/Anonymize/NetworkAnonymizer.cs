using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>Replaces names and addresses in what <c>ip -j</c> prints of routes, interfaces and policy rules. Fields that this program does not read are left out.</summary>
/// <param name="names">Chooses names.</param>
/// <param name="addresses">Chooses addresses.</param>
internal sealed class NetworkAnonymizer(NameMap names, AddressText addresses)
{
    private static readonly HashSet<string> s_kept = new(StringComparer.Ordinal)
    {
        "ifindex", "flags", "mtu", "operstate", "link_type", "info_kind", "id", "port", "ttl", "learning", "family", "prefixlen", "scope", "secondary", "deprecated", "tentative",
        "dadfailed", "dynamic", "type", "protocol", "metric", "weight", "pref", "tos", "dsfield", "priority", "action", "goto", "suppress_prefixlen", "fwmark", "fwmask", "ipproto",
        "sport", "dport", "sport_start", "sport_end", "dport_start", "dport_end", "not", "l3mdev", "srclen", "dstlen", "uid_start", "uid_end", "tun_id", "suppress_ifgroup",
    };

    /// <summary>Words that ip prints in these fields (ip-address(8), ip-route(8), ip-rule(8)).</summary>
    private static readonly HashSet<string> s_words = new(StringComparer.Ordinal)
    {
        "LOOPBACK", "UP", "LOWER_UP", "BROADCAST", "MULTICAST", "NOARP", "POINTOPOINT", "NO-CARRIER", "M-DOWN", "DYNAMIC", "SLAVE", "MASTER", "UNKNOWN", "DOWN", "DORMANT",
        "loopback", "ether", "ipip", "sit", "tunnel6", "none", "gre", "gre6", "veth", "vxlan", "geneve", "bridge", "bond", "vlan", "dummy", "wireguard", "tun", "macvlan", "ipvlan", "vrf", "ip6tnl",
        "ip6gre", "gretap", "openvswitch", "team", "ifb", "inet", "inet6", "global", "link", "host", "site", "nowhere", "kernel", "boot", "static", "ra", "dhcp", "bird", "zebra", "bgp", "ospf",
        "unicast", "local", "broadcast", "multicast", "anycast", "blackhole", "unreachable", "prohibit", "throw", "medium", "low", "high", "onlink", "linkdown", "dead", "pervasive", "offload",
        "to_tbl", "nop", "tcp", "udp", "sctp", "icmp", "icmpv6",
    };

    /// <summary>Replaces in all lists of a text.</summary>
    public byte[] Map(byte[] text)
    {
        using MemoryStream output = new();
        Utf8JsonReader reader = new(text, new JsonReaderOptions { AllowMultipleValues = true, AllowTrailingCommas = true });
        while (reader.Read())
        {
            if (JsonTree.Read(ref reader) is JsonArray list)
            {
                using Utf8JsonWriter json = new(output);
                new JsonArray([.. list.OfType<JsonObject>().Select(Map)]).WriteTo(json);
                json.Flush();
                output.WriteByte((byte)'\n');
            }
        }

        return output.ToArray();
    }

    private JsonObject Map(JsonObject entry)
    {
        JsonObject mapped = [];
        foreach ((string key, JsonNode? value) in entry)
        {
            if (value is not null && MapMember(entry, key, value) is { } member)
            {
                mapped[key] = member;
            }
        }

        return mapped;
    }

    private JsonNode? MapMember(JsonObject entry, string key, JsonNode value)
    {
        switch (value)
        {
            case JsonObject nested when key is "linkinfo" or "info_data" or "via":
                return Map(nested);
            case JsonArray list when key is "addr_info" or "nexthops" or "via":
                return new JsonArray([.. list.OfType<JsonObject>().Select(Map)]);
            case JsonArray flags when s_kept.Contains(key):
                return new JsonArray([.. flags.OfType<JsonValue>().Select(Keep)]);
            case JsonValue single:
                return MapText(entry, key, single);
            default:
                return null;
        }
    }

    private JsonNode? MapText(JsonObject entry, string key, JsonValue value)
    {
        if (s_kept.Contains(key))
        {
            return Keep(value);
        }

        string text = value.TryGetValue(out string? found) ? found : value.ToString();
        return key switch
        {
            "ifname" or "dev" or "iif" or "oif" or "master" or "link" => names.Interface(text.Split('@')[0]),
            "dst" or "src" or "from" when text is "default" or "all" => text,
            "dst" or "src" when Length(entry, key) is { } length && IpAddress.TryParse(text, out IpAddress address) && length <= address.BitLength => addresses.Addresses.Map(IpPrefix.Create(address, length)).Address.ToString(),
            "dst" or "src" or "from" or "gateway" or "prefsrc" or "local" or "local6" or "host" or "broadcast" or "remote" or "remote6" => addresses.Map(text),
            "address" => NameMap.IsMac(text) ? names.Mac(text) : addresses.Map(text),
            "table" => text is "main" or "local" or "default" || uint.TryParse(text, CultureInfo.InvariantCulture, out _) ? text : names.Word(text),
            _ => null,
        };
    }

    /// <summary>A policy rule has the length of a prefix in a field of its own.</summary>
    private static int? Length(JsonObject entry, string key) => entry[key + "len"] is JsonValue value && value.TryGetValue(out int length) && length >= 0 ? length : null;

    private JsonNode Keep(JsonValue value) =>
        value.GetValueKind() != JsonValueKind.String ? value.DeepClone()
        : value.GetValue<string>() is var text && (s_words.Contains(text) || RuleWords.IsOfTools(text)) ? text
        : names.Word(value.GetValue<string>());
}
