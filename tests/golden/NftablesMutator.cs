using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeProxySharp.Golden.Tests;

/// <summary>Damages rules and elements as <c>nft -j</c> lists them, in the table of one family.</summary>
internal static class NftablesMutator
{
    private static readonly string[] s_kinds = ["dropped rule", "dropped element", "number", "address", "order", "target"];

    /// <summary>Changes one thing; the kind goes round so that each comes as often.</summary>
    public static Mutation Mutate(string text, string family, Random random, int number)
    {
        for (int attempt = 0; ; attempt++)
        {
            JsonNode listing = JsonNode.Parse(text)!;
            JsonArray objects = listing["nftables"]!.AsArray();
            string kind = s_kinds[(number + (attempt / 20)) % s_kinds.Length];
            int at = random.Next(objects.Count);
            JsonObject entry = objects[at]!.AsObject();
            string of = entry.First().Key;
            if (entry[of] is not JsonObject value || value["family"]?.GetValue<string>() != family)
            {
                continue;
            }

            string before = value.ToJsonString();
            bool isChanged = kind switch
            {
                "dropped rule" => of == "rule" && objects.Remove(entry),
                "dropped element" => value["elem"] is JsonArray { Count: > 0 } elements && Drop(elements, random),
                "order" => of == "rule" && Swap(objects, at),
                "number" => of is "rule" or "map" or "set" && ChangeLeaf(value, random, JsonValueKind.Number),
                "address" => of is "rule" or "map" or "set" && ChangeLeaf(value, random, JsonValueKind.String),
                _ => of is "rule" or "map" && Retarget(value, random),
            };
            if (isChanged)
            {
                return new(kind, before.Length > 300 ? before[..300] : before, listing.ToJsonString());
            }
        }
    }

    private static bool Drop(JsonArray elements, Random random)
    {
        elements.RemoveAt(random.Next(elements.Count));
        return true;
    }

    private static bool Swap(JsonArray objects, int at)
    {
        // Checks that hang on base chains one after the other look at different packets.
        bool isOfBaseChain = objects[at]?["rule"]?["chain"]?.GetValue<string>().StartsWith("filter-", StringComparison.Ordinal) ?? false;
        if (isOfBaseChain || at + 1 >= objects.Count || objects[at + 1]?["rule"] is not JsonObject next || objects[at]?["rule"] is not JsonObject rule
            || next["chain"]!.GetValue<string>() != rule["chain"]!.GetValue<string>() || next["family"]!.GetValue<string>() != rule["family"]!.GetValue<string>())
        {
            return false;
        }

        JsonNode first = objects[at]!;
        objects.RemoveAt(at);
        objects.Insert(at + 1, first);
        return true;
    }

    /// <summary>Changes a port, mark, slot or address in an element or expression.</summary>
    private static bool ChangeLeaf(JsonObject value, Random random, JsonValueKind kind)
    {
        List<JsonValue> leaves = [];
        Collect(value["elem"], leaves, kind);
        Collect(value["expr"], leaves, kind);
        if (leaves.Count == 0)
        {
            return false;
        }

        JsonValue leaf = leaves[random.Next(leaves.Count)];
        if (kind == JsonValueKind.Number)
        {
            leaf.ReplaceWith<JsonNode>(JsonValue.Create(leaf.GetValue<long>() ^ (1 << random.Next(8))));
        }
        else
        {
            string address = leaf.GetValue<string>();
            char other = address[^1] == '7' ? '8' : '7';
            leaf.ReplaceWith<JsonNode>(JsonValue.Create(address[..^1] + other));
        }

        return true;
    }

    private static void Collect(JsonNode? node, List<JsonValue> leaves, JsonValueKind kind)
    {
        switch (node)
        {
            case JsonObject inner:
                foreach ((string name, JsonNode? child) in inner)
                {
                    // Another last digit of a prefix is the same prefix; the offset of a number is always 0.
                    if (name is not ("prefix" or "offset" or "mod" or "comment"))
                    {
                        Collect(child, leaves, kind);
                    }
                }

                break;
            case JsonArray list:
                foreach (JsonNode? child in list)
                {
                    Collect(child, leaves, kind);
                }

                break;
            case JsonValue leaf when leaf.GetValueKind() == kind && (kind == JsonValueKind.Number || RuleModel.Addresses.IpAddress.TryParse(leaf.GetValue<string>(), out _)):
                leaves.Add(leaf);
                break;
        }
    }

    private static bool Retarget(JsonObject value, Random random)
    {
        List<JsonObject> gotos = [];
        CollectGotos(value["elem"], gotos);
        CollectGotos(value["expr"], gotos);
        if (gotos.Count == 0)
        {
            return false;
        }

        JsonObject chosen = gotos[random.Next(gotos.Count)];
        chosen.Clear();
        chosen.Add("drop", null);
        return true;
    }

    private static void CollectGotos(JsonNode? node, List<JsonObject> gotos)
    {
        switch (node)
        {
            case JsonObject inner when inner.ContainsKey("goto") || inner.ContainsKey("jump"):
                gotos.Add(inner);
                break;
            case JsonObject inner:
                foreach ((string _, JsonNode? child) in inner)
                {
                    CollectGotos(child, gotos);
                }

                break;
            case JsonArray list:
                foreach (JsonNode? child in list)
                {
                    CollectGotos(child, gotos);
                }

                break;
        }
    }
}
