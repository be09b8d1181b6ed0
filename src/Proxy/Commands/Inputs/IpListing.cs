using System.Globalization;
using System.Text.Json;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Routes;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>
/// Reads what <c>ip -j route show table all</c>, <c>ip -j -d addr</c> and <c>ip -j rule</c> print, in any number and order in one text.
/// </summary>
/// <param name="name">What the text is called in messages.</param>
internal sealed class IpListing(string name)
{
    /// <summary>The commands that print what is read.</summary>
    public const string Commands = "(ip -j route show table all; ip -j -d addr; ip -j rule; ip -6 -j rule) > FILE";

    private readonly List<(int Index, NodeInterface Interface)> _interfaces = [];
    private readonly List<Route> _routes = [];
    private readonly List<PolicyRule> _rules = [];

    /// <summary>Reads a text.</summary>
    /// <exception cref="InputException">It is not JSON of ip, or not whole.</exception>
    public NodeNetwork Read(ReadOnlySpan<byte> text)
    {
        Utf8JsonReader reader = new(text, new JsonReaderOptions { AllowMultipleValues = true, AllowTrailingCommas = true });
        try
        {
            while (reader.Read())
            {
                using JsonDocument list = JsonDocument.ParseValue(ref reader);
                if (list.RootElement.ValueKind != JsonValueKind.Array)
                {
                    throw Refused("a list of objects was expected");
                }

                ReadList(list.RootElement);
            }
        }
        catch (JsonException e)
        {
            throw Refused($"it is not whole JSON (line {e.LineNumber + 1})");
        }
        catch (InvalidOperationException)
        {
            throw Refused("a text in it is not UTF-8");
        }

        return _interfaces.Count + _routes.Count == 0
            ? throw Refused("it has no interface and no route")
            : new(_interfaces.OrderBy(static each => each.Index).Select(static each => each.Interface), _routes, _rules);
    }

    private InputException Refused(string why) => new($"--routes {name}: {why}; give what these commands print on the node: {Commands}");

    private void ReadList(JsonElement list)
    {
        JsonElement[] entries = [.. list.EnumerateArray().Where(static entry => entry.ValueKind == JsonValueKind.Object && entry.EnumerateObject().Any())];
        if (Array.Exists(entries, static entry => Has(entry, "priority")))
        {
            IpFamily family = FamilyOf(entries);
            _rules.AddRange(entries.Select(entry => RuleOf(entry, family)));
            return;
        }

        foreach (JsonElement entry in entries)
        {
            if (Has(entry, "ifname"))
            {
                _interfaces.Add((Number(entry, "ifindex") ?? int.MaxValue, InterfaceOf(entry)));
            }
            else if (Has(entry, "dst"))
            {
                ReadRoute(entry);
            }
            else
            {
                throw Refused("an entry is neither an interface nor a route nor a rule");
            }
        }
    }

    private static NodeInterface InterfaceOf(JsonElement entry)
    {
        JsonElement? link = Part(entry, "linkinfo");
        List<AssignedAddress> addresses = [];
        foreach (JsonElement each in Parts(entry, "addr_info"))
        {
            if (each.ValueKind == JsonValueKind.Object && IpAddress.TryParse(Text(each, "local"), out IpAddress address))
            {
                addresses.Add(new(address, Math.Clamp(Number(each, "prefixlen") ?? address.BitLength, 0, address.BitLength), Text(each, "scope"))
                {
                    IsSecondary = IsSet(each, "secondary"),
                    IsAvoided = IsSet(each, "deprecated") || IsSet(each, "tentative") || IsSet(each, "dadfailed"),
                });
            }
        }

        JsonElement? data = link is { } info ? Part(info, "info_data") : null;
        string local = data is { } given ? Text(given, "local") + Text(given, "local6") : "";
        return new()
        {
            Name = Text(entry, "ifname").Split('@')[0],
            Kind = link is { } kind ? Text(kind, "info_kind") : "",
            Addresses = addresses,
            TunnelLocal = IpAddress.TryParse(local, out IpAddress outer) ? outer : null,
            Master = Text(entry, "master"),
        };
    }

    private void ReadRoute(JsonElement entry)
    {
        RouteKind? kind = Text(entry, "type") switch
        {
            "" or "unicast" => RouteKind.Unicast,
            "local" or "anycast" => RouteKind.Local,
            "broadcast" => RouteKind.Broadcast,
            "blackhole" => RouteKind.Blackhole,
            "unreachable" => RouteKind.Unreachable,
            "prohibit" => RouteKind.Prohibit,
            "throw" => RouteKind.Throw,
            _ => null, // multicast
        };
        List<RouteHop> hops = [];
        IEnumerable<JsonElement> listed = Has(entry, "nexthops") ? Parts(entry, "nexthops") : [entry];
        foreach (JsonElement hop in listed)
        {
            if (!Parts(hop, "flags").Any(static flag => flag.ValueKind == JsonValueKind.String && flag.ValueEquals("dead"u8)))
            {
                hops.Add(new(Text(hop, "dev"), GatewayOf(hop)));
            }
        }

        if (kind is not { } known || hops.Count == 0)
        {
            return;
        }

        string destination = Text(entry, "dst");
        IpFamily family = destination == "default" ? FamilyOf(entry, hops) : destination.Contains(':', StringComparison.Ordinal) ? IpFamily.IPv6 : IpFamily.IPv4;
        if (PrefixOf(destination, family) is not { } prefix)
        {
            throw Refused($"a route to \"{destination}\", which is no prefix");
        }

        string table = Text(entry, "table");
        _routes.Add(new(prefix, table.Length == 0 ? Route.Main : table, known)
        {
            Hops = hops,
            PreferredSource = IpAddress.TryParse(Text(entry, "prefsrc"), out IpAddress source) ? source : null,
            Metric = (uint)Math.Max(Number(entry, "metric") ?? 0, 0),
            IsConditional = Has(entry, "from") || Text(entry, "tos") is not ("" or "0" or "0x00"),
        });
    }

    /// <summary>The family of policy rules: that of their addresses; without any, only those of IPv4 end with the table default.</summary>
    private static IpFamily FamilyOf(JsonElement[] rules)
    {
        string[] addresses = [.. rules.SelectMany(static rule => (string[])[Text(rule, "src"), Text(rule, "dst")]).Where(static text => text is not ("" or "all"))];
        bool isIPv4 = addresses.Length != 0 ? !addresses[0].Contains(':', StringComparison.Ordinal) : Array.Exists(rules, static rule => Text(rule, "table") == Route.Default);
        return isIPv4 ? IpFamily.IPv4 : IpFamily.IPv6;
    }

    /// <summary>A default route of IPv6 has a gateway of IPv6 or the field <c>pref</c> (RFC 4191), which IPv4 does not know.</summary>
    private static IpFamily FamilyOf(JsonElement entry, List<RouteHop> hops) =>
        Has(entry, "pref") || (hops[0].Gateway is { IsIPv4: false } && !Has(entry, "via")) ? IpFamily.IPv6 : IpFamily.IPv4;

    private static IpAddress? GatewayOf(JsonElement hop) =>
        IpAddress.TryParse(Part(hop, "via") is { } via ? Text(via, "host") : Text(hop, "gateway"), out IpAddress gateway) ? gateway : null;

    private static IpPrefix? PrefixOf(string text, IpFamily family) =>
        text is "default" or "all" ? IpPrefix.Parse(family == IpFamily.IPv4 ? "0.0.0.0/0" : "::/0")
        : IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix
        : IpAddress.TryParse(text, out IpAddress address) ? IpPrefix.Of(address)
        : null;

    private PolicyRule RuleOf(JsonElement entry, IpFamily family)
    {
        string action = Text(entry, "action");
        uint? mark = Hex(entry, "fwmark");
        return new()
        {
            Priority = (uint)Math.Max(Number(entry, "priority") ?? 0, 0),
            Family = family,
            Table = Text(entry, "table"),
            Refusal = action switch
            {
                "blackhole" => RouteKind.Blackhole,
                "unreachable" => RouteKind.Unreachable,
                "prohibit" => RouteKind.Prohibit,
                _ => null,
            },
            GoTo = Number(entry, "goto") is { } target ? (uint)Math.Max(target, 0) : null,
            SuppressedLength = Number(entry, "suppress_prefixlen"),
            Source = SideOf(entry, "src", family),
            Destination = SideOf(entry, "dst", family),
            InputInterface = Text(entry, "iif"),
            IsOfBoundSockets = Has(entry, "oif"),
            Mark = mark is { } value ? (value, Hex(entry, "fwmask") ?? uint.MaxValue) : null,
            Protocol = Text(entry, "ipproto") switch { "tcp" => TransportProtocol.Tcp, "udp" => TransportProtocol.Udp, "sctp" => TransportProtocol.Sctp, _ => null },
            SourcePorts = PortsOf(entry, "sport"),
            DestinationPorts = PortsOf(entry, "dport"),
            HasMore = Has(entry, "uid_start") || Has(entry, "tos") || Has(entry, "dsfield") || Has(entry, "tun_id") || Has(entry, "suppress_ifgroup") || (Has(entry, "ipproto") && Text(entry, "ipproto") is not ("tcp" or "udp" or "sctp")),
            IsInverted = Has(entry, "not"),
            IsOfVrf = Has(entry, "l3mdev"),
        };
    }

    private IpPrefix? SideOf(JsonElement entry, string field, IpFamily family)
    {
        string text = Text(entry, field);
        if (text is "" or "all")
        {
            return null;
        }

        string whole = Number(entry, field + "len") is { } length ? string.Create(CultureInfo.InvariantCulture, $"{text}/{length}") : text;
        return PrefixOf(whole, family) ?? throw Refused($"a rule with {field} \"{whole}\", which is no prefix");
    }

    private static (ushort First, ushort Last)? PortsOf(JsonElement entry, string field) =>
        Number(entry, field) is { } only ? ((ushort)only, (ushort)only)
        : Number(entry, field + "_start") is { } first ? ((ushort)first, (ushort)(Number(entry, field + "_end") ?? first))
        : null;

    private static bool TryGet(JsonElement entry, string field, out JsonElement value)
    {
        value = default;
        return entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(field, out value);
    }

    private static bool Has(JsonElement entry, string field) => TryGet(entry, field, out _);

    private static bool IsSet(JsonElement entry, string field) => TryGet(entry, field, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private static string Text(JsonElement entry, string field) => !TryGet(entry, field, out JsonElement value) ? ""
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : value.ValueKind == JsonValueKind.Number ? value.GetRawText()
        : "";

    private static int? Number(JsonElement entry, string field) =>
        long.TryParse(Text(entry, field), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? (int)Math.Clamp(value, int.MinValue, int.MaxValue) : null;

    private static uint? Hex(JsonElement entry, string field)
    {
        string text = Text(entry, field);
        return text.StartsWith("0x", StringComparison.Ordinal)
            ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint hex) ? hex : null
            : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint value) ? value : null;
    }

    private static JsonElement? Part(JsonElement entry, string field) =>
        TryGet(entry, field, out JsonElement value) && value.ValueKind == JsonValueKind.Object ? value : null;

    private static JsonElement.ArrayEnumerator Parts(JsonElement entry, string field) =>
        TryGet(entry, field, out JsonElement value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : default;
}
