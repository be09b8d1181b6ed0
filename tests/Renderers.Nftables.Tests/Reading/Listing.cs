using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

/// <summary>Listings as <c>nft -j</c> 1.0.6 prints them, with one table, and one rule under test.</summary>
internal static class Listing
{
    public const string Source = """{"payload": {"protocol": "ip", "field": "saddr"}}""";
    public const string Destination = """{"payload": {"protocol": "ip", "field": "daddr"}}""";
    public const string Protocol = """{"meta": {"key": "l4proto"}}""";
    public const string Port = """{"payload": {"protocol": "th", "field": "dport"}}""";
    public const string TcpPort = """{"payload": {"protocol": "tcp", "field": "dport"}}""";
    public const string Mark = """{"meta": {"key": "mark"}}""";

    /// <summary>A table "t" with a forward chain, a chain "x", other objects, and a rule.</summary>
    public static string Text(string expressions, string objects = "", string family = "ip") => $$$"""
        {"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}, {"table": {"family": "{{{family}}}", "name": "t", "handle": 1}},
        {{{(objects.Length == 0 ? "" : objects + ",")}}}
        {"chain": {"family": "{{{family}}}", "table": "t", "name": "x", "handle": 1}},
        {"chain": {"family": "{{{family}}}", "table": "t", "name": "f", "handle": 2, "type": "filter", "hook": "forward", "prio": -5, "policy": "accept"}},
        {"rule": {"family": "{{{family}}}", "table": "t", "chain": "f", "handle": 9, "expr": [{{{expressions}}}]}}]}
        """;

    public static WalkRule Rule(string expressions, string objects = "", string family = "ip", IpFamily seenAs = IpFamily.IPv4) =>
        Rulesets.Nftables(Text(expressions, objects, family), seenAs).Tables.Should().ContainSingle().Which.Chains["f"].Rules.Should().ContainSingle().Which;

    /// <summary>What a rule does, each step once.</summary>
    public static RuleStep[] Steps(string expressions, string objects = "", string family = "ip", IpFamily seenAs = IpFamily.IPv4) =>
        [.. Rule(expressions, objects, family, seenAs).Steps.AsSpan().ToArray().Distinct()];

    public static string Match(string left, string right, string operation = "==") =>
        $$$"""{"match": {"op": "{{{operation}}}", "left": {{{left}}}, "right": {{{right}}}}}""";

    public static string Concat(params string[] parts) => $$"""{"concat": [{{string.Join(", ", parts)}}]}""";

    public static string NamedSet(string elements, string more = "") =>
        $$$"""{"set": {"family": "ip", "name": "s", "table": "t", "type": "ipv4_addr", "handle": 3{{{more}}}, "elem": [{{{elements}}}]}}""";

    public static string NamedMap(string elements) =>
        $$$"""{"map": {"family": "ip", "name": "m", "table": "t", "type": ["ipv4_addr", "inet_proto", "inet_service"], "handle": 3, "map": "verdict", "elem": [{{{elements}}}]}}""";
}
