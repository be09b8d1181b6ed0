using System.Text.Json;
using System.Text.Json.Nodes;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>
/// Replaces names and addresses in the JSON of nft (libnftables-json(5)). Numbers stay; a text stays only if it is known to be a word of
/// nft, or a name that kube-proxy gives.
/// </summary>
/// <param name="names">Chooses names.</param>
/// <param name="addresses">Chooses addresses.</param>
/// <param name="services">Knows the names of Services.</param>
internal sealed class NftAnonymizer(NameMap names, AddressText addresses, ServiceNames services)
{
    /// <summary>Whether the object that is gone through is in the table of kube-proxy, whose names are known.</summary>
    private bool _isKubeProxys;

    /// <summary>Learns the beginnings of interface names.</summary>
    public void Learn(JsonNode node)
    {
        switch (node)
        {
            case JsonObject members:
                foreach ((_, JsonNode? member) in members)
                {
                    if (member is not null)
                    {
                        Learn(member);
                    }
                }

                break;
            case JsonArray elements:
                foreach (JsonNode? element in elements)
                {
                    if (element is not null)
                    {
                        Learn(element);
                    }
                }

                break;
            case JsonValue value when value.TryGetValue(out string? text) && text.Length is > 1 and < 16 && text[^1] == '*':
                names.AddInterfacePrefix(text[..^1]);
                break;
        }
    }

    /// <summary>Replaces.</summary>
    /// <param name="root">What <c>nft -j list ruleset</c> printed.</param>
    public JsonNode Map(JsonNode root)
    {
        if (root is not JsonObject members || members["nftables"] is not JsonArray list)
        {
            return new JsonObject();
        }

        JsonArray mapped = [];
        foreach (JsonNode? entry in list)
        {
            if (entry is JsonObject { Count: 1 } single && single.First() is { Value: JsonObject content } kind)
            {
                string table = Text(content[kind.Key == "table" ? "name" : "table"]);
                _isKubeProxys = table == NftNames.Table;
                mapped.Add((JsonNode)new JsonObject { [kind.Key] = kind.Key == "metainfo" ? content.DeepClone() : MapObject(content) });
            }
        }

        return new JsonObject { ["nftables"] = mapped };
    }

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    private JsonObject MapObject(JsonObject content)
    {
        JsonObject mapped = [];
        foreach ((string key, JsonNode? value) in content)
        {
            mapped[key] = value is null ? null : MapMember(key, value);
        }

        return mapped;
    }

    private JsonNode MapMember(string key, JsonNode value) => (key, value) switch
    {
        ("comment", JsonValue) => services.MapComment(Text(value)),
        ("table" or "chain" or "target" or "name" or "helper", JsonValue) => Name(Text(value)),
        ("prefix", JsonObject prefix) when prefix["addr"] is not null => MapPrefix(prefix),
        ("prefix", JsonValue) => names.Word(Text(value)), // of a log
        ("range", JsonArray { Count: 2 } range) => MapRange(range),
        ("dev", JsonValue) => names.Interface(Text(value)),
        ("elem" or "set", JsonArray elements) => MapElements(elements),
        _ => MapValue(value),
    };

    private JsonNode MapValue(JsonNode value)
    {
        switch (value)
        {
            case JsonObject { Count: 1 } range when range["range"] is JsonArray { Count: 2 } ends && Split(ends) is { Count: > 1 } prefixes:
                return new JsonObject { ["set"] = new JsonArray([.. prefixes.Select(Prefix)]) };
            case JsonObject members:
                return MapObject(members);
            case JsonArray elements:
                return new JsonArray([.. elements.Select(element => element is null ? null : MapValue(element))]);
            default:
                return value.GetValueKind() == JsonValueKind.String ? MapText(Text(value)) : value.DeepClone();
        }
    }

    /// <summary>Elements of a set or a map; a range of addresses becomes several with a prefix length.</summary>
    private JsonArray MapElements(JsonArray elements)
    {
        JsonArray mapped = [];
        foreach (JsonNode? element in elements)
        {
            if (element is JsonArray { Count: 2 } pair && pair[0] is JsonObject key && RangeOf(key) is { } keys)
            {
                foreach (IpPrefix prefix in keys)
                {
                    mapped.Add((JsonNode)new JsonArray(Prefix(prefix), pair[1] is { } data ? MapValue(data) : null));
                }
            }
            else if (element is JsonObject alone && RangeOf(alone) is { } prefixes)
            {
                foreach (IpPrefix prefix in prefixes)
                {
                    mapped.Add((JsonNode)Prefix(prefix));
                }
            }
            else
            {
                mapped.Add(element is null ? null : MapValue(element));
            }
        }

        return mapped;
    }

    private static IReadOnlyList<IpPrefix>? RangeOf(JsonObject element) =>
        element.Count == 1 && element["range"] is JsonArray { Count: 2 } ends && Split(ends) is { Count: > 0 } prefixes ? prefixes : null;

    private static IReadOnlyList<IpPrefix> Split(JsonArray ends) =>
        IpAddress.TryParse(Text(ends[0]), out IpAddress first) && IpAddress.TryParse(Text(ends[1]), out IpAddress last) ? AddressRange.Split(first, last) : [];

    /// <summary>A range in a place where several cannot stand: of ports, or one that has a prefix length.</summary>
    private JsonNode MapRange(JsonArray range)
    {
        IReadOnlyList<IpPrefix> prefixes = Split(range);
        if (prefixes.Count == 0)
        {
            return new JsonArray([.. range.Select(end => end is null ? null : MapValue(end))]);
        }

        if (prefixes is not [var only])
        {
            return AddressText.LostRange;
        }

        IpPrefix mapped = addresses.Addresses.Map(only);
        return new JsonArray(mapped.Address.ToString(), mapped.LastAddress().ToString());
    }

    private JsonNode MapPrefix(JsonObject prefix)
    {
        bool isPrefix = prefix["len"] is JsonValue length && length.TryGetValue(out int bits) & IpAddress.TryParse(Text(prefix["addr"]), out IpAddress address) && bits >= 0 && bits <= address.BitLength;
        return isPrefix ? Prefix(IpPrefix.Create(IpAddress.Parse(Text(prefix["addr"])), prefix["len"]!.GetValue<int>()))["prefix"]!.DeepClone() : MapObject(prefix); // it was read above
    }

    private JsonObject Prefix(IpPrefix prefix)
    {
        IpPrefix mapped = addresses.Addresses.Map(prefix);
        return new JsonObject { ["prefix"] = new JsonObject { ["addr"] = mapped.Address.ToString(), ["len"] = (int)mapped.Length } };
    }

    private string Name(string name) =>
        name.StartsWith('@') ? "@" + Name(name[1..])
        : name == NftNames.Table ? name
        : _isKubeProxys ? services.MapObject(name)
        : services.MapChain(name);

    private string MapText(string text)
    {
        if (text.StartsWith('@'))
        {
            return Name(text);
        }

        return addresses.Map(text)
            ?? (RuleWords.IsOfTools(text) || text == "*" ? text
            : NameMap.IsMac(text) ? names.Mac(text)
            : text.Length < 16 && !text.Contains(' ', StringComparison.Ordinal) ? names.Interface(text)
            : names.Word(text));
    }
}
